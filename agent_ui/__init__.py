"""What people and programs see: the API, the live feed, later the screens. Imports only crm_core."""
