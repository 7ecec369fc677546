"""What the tracker must know of the office to read channels: whose device, whose extension, which queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crm_core.office.model import OfficeFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A frozen view of the applied office. Keys and values are the stable names of people and queues."""

    endpoints: Mapping[str, str] = field(default_factory=dict)  # PJSIP endpoint -> agent
    agent_extensions: Mapping[str, str] = field(default_factory=dict)  # extension -> agent
    queue_extensions: Mapping[str, str] = field(default_factory=dict)  # extension -> queue
    trunks: frozenset[str] = frozenset()  # PJSIP endpoints customers come through
    number_queues: Mapping[str, str] = field(default_factory=dict)  # number, E.164 -> queue
    caller_ids: Mapping[str, str] = field(default_factory=dict)  # trunk -> number shown to who is called
    dialled: Mapping[str, str] = field(default_factory=dict)  # number as a trunk dials it -> E.164

    @classmethod
    def of(cls, office: OfficeFile) -> Directory:
        """What *office* says of these."""
        people = office.person_list()
        queues = office.queue_list()
        return cls(
            endpoints={device.endpoint: person.name for person in people for device in person.devices},
            agent_extensions={person.extension: person.name for person in people if person.extension},
            queue_extensions={queue.extension: queue.name for queue in queues if queue.extension},
            trunks=frozenset(f"trunk-{name}" for name in office.trunks),
            number_queues={number.e164: number.queue for number in office.number_list()},
            caller_ids={
                name: trunk.outgoing.caller_id
                for name, trunk in office.trunks.items()
                if trunk.outgoing is not None
            },
            dialled={form: number.e164 for number in office.number_list() for form in number.dialled},
        )

    def extension_of(self, agent: str) -> str | None:
        """The agent's own extension."""
        return next((number for number, name in self.agent_extensions.items() if name == agent), None)

    def target(self, extension: str) -> str | None:
        """The agent or queue that *extension* reaches; None when it reaches nobody we know."""
        return self.agent_extensions.get(extension) or self.queue_extensions.get(extension)
