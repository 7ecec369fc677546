"""The floor: subjects (people, queues, customers, calls …), the database, the bus."""
