"""Checks of the applied office: what may be said in the file, and yet nobody can want."""

from __future__ import annotations

from collections.abc import Iterator

from callcard.doctor.finding import Finding, Findings, ok, warning, wrong
from callcard.doctor.ground import Ground
from crm_core.office.model import OfficeFile
from crm_core.people.model import Role


async def office(ground: Ground) -> Findings:
    """Whether there is one, it can be read, and calls can reach people by it."""
    if ground.office_problem:
        return [wrong("office", ground.office_problem, "callcard office export, correct it, apply it")]
    if ground.office is None:
        return [warning("office", "none is applied yet", "callcard office apply FILE")]
    counts = ground.office
    said = f"{len(counts.people)} people, {len(counts.numbers)} numbers, {len(counts.queues)} queues"
    return [ok("office", said), *findings_of(ground.office)]


def findings_of(office: OfficeFile) -> Iterator[Finding]:
    """What is odd in an office file that is valid."""
    if not any(person.role is Role.ADMIN for person in office.people.values()):
        yield warning("office", "nobody is an admin", "give one person `role: admin`")
    if not office.numbers:
        yield warning("office", "no number: nobody can call", "add the numbers your carrier leads here")
    if office.numbers and not office.trunks:
        yield wrong("office", "numbers, but no trunk they could come in by", "add the carrier to trunks")
    yield from _queues(office)
    yield from _agents(office)


def _queues(office: OfficeFile) -> Iterator[Finding]:
    used = {number.queue for number in office.numbers.values()}
    for e164, number in office.numbers.items():
        if not office.queues[number.queue].members:
            text = f"calls to it go to {number.queue}, which has no members"
            yield wrong(f"number {e164}", text, f"give queues.{number.queue} members")
    for name, queue in office.queues.items():
        if not queue.members and name not in used:
            yield warning(f"queue {name}", "has no members", "give it members, or remove it")
        if name not in used and queue.extension is None:
            text = "no number leads to it, and it has no extension"
            yield warning(f"queue {name}", text, "give it a number or an extension, or remove it")


def _agents(office: OfficeFile) -> Iterator[Finding]:
    members = {member for queue in office.queues.values() for member in queue.members}
    for name, person in office.people.items():
        if person.role is not Role.AGENT:
            continue
        if not person.devices:
            yield warning(f"agent {name}", "has no device to ring", f"give people.{name} devices")
        elif name not in members:
            yield warning(
                f"agent {name}", "is in no queue: only owned cards ring", "add to a queue's members"
            )
