"""From the subjects' models to the API's shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent_ui.api.shapes import (
    ApiAgent,
    ApiCall,
    ApiChoice,
    ApiContactPoint,
    ApiCustomer,
    ApiLeg,
    ApiOffer,
    ApiPresence,
    ApiQueue,
    ApiRecording,
    ApiTraceLine,
)
from crm_core.calls.model import Call, Leg, Offer, TraceLine
from crm_core.calls.trace import render
from crm_core.customers.model import Customer
from crm_core.i18n import translator
from crm_core.live.directory import Directory
from crm_core.live.model import LiveAgent, LiveQueue
from crm_core.live.visibility import sees_card
from crm_core.people.model import Reader
from crm_core.presence.model import Presence
from crm_core.recordings.model import Recording


@dataclass(frozen=True, slots=True)
class Words:
    """How calls are put for one reader: who it is, the catalogue, who belongs where and is called what."""

    reader: Reader
    gettext: Callable[[str], str]
    directory: Directory

    @classmethod
    def of(cls, reader: Reader, language: str, directory: Directory) -> Words:
        """The words of *language* for the people and queues of *directory*."""
        return cls(reader, translator(language).gettext, directory)


def call_shape(call: Call, recordings: Sequence[Recording], words: Words) -> ApiCall:
    """*call* with its recordings, the choices the reader may see, its trace in words."""
    return ApiCall(
        id=call.id,
        direction=call.direction,
        from_number=call.from_number,
        from_raw=call.from_raw,
        from_name=call.from_name,
        to=call.to,
        did=call.did,
        queue=call.queue,
        state=call.state,
        outcome=call.outcome,
        disposition=call.disposition,
        agent=call.agent,
        owner=call.owner,
        customer_id=call.customer_id,
        customer_title=call.customer_title,
        choices=tuple(
            ApiChoice(customer_id=choice.customer_id, title=choice.title, owner=choice.owner)
            for choice in call.choices
            if sees_card(words.reader, choice.office, choice.owner, words.directory)
        ),
        started_at=call.started_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        wait_s=call.wait_s,
        ring_s=call.ring_s,
        talk_s=call.talk_s,
        hangup_by=call.hangup_by,
        merged_into=call.merged_into,
        settled=call.settled,
        legs=tuple(map(_leg, call.legs)),
        offers=tuple(map(_offer, call.offers)),
        recordings=tuple(map(recording_shape, recordings)),
        trace=tuple(_trace_line(line, words) for line in call.trace),
    )


def recording_shape(recording: Recording) -> ApiRecording:
    """*recording* without its path."""
    return ApiRecording(
        id=recording.id,
        call_id=recording.call_id,
        kind=recording.kind,
        state=recording.state,
        reason=recording.reason,
        format=recording.format,
        size_bytes=recording.size_bytes,
        duration_s=recording.duration_s,
        expected_s=recording.expected_s,
        started_at=recording.started_at,
        finished_at=recording.finished_at,
        audio=f"/api/v1/recordings/{recording.id}/audio" if recording.path is not None else None,
    )


def customer_shape(customer: Customer) -> ApiCustomer:
    """*customer* with all contact points."""
    return ApiCustomer(
        id=customer.id,
        title=customer.title,
        status=customer.status,
        owner=customer.owner,
        office=customer.office,
        contact_points=tuple(
            ApiContactPoint(id=point.id, kind=point.kind, value=point.value)
            for point in customer.contact_points
        ),
        created_at=customer.created_at,
        updated_at=customer.updated_at,
    )


def agent_shape(agent: LiveAgent, directory: Directory) -> ApiAgent:
    """*agent* as shown now."""
    return ApiAgent(
        name=agent.name,
        title=agent.title,
        role=directory.people[agent.name].role,
        office=agent.office,
        team=agent.team,
        extension=agent.extension,
        queues=agent.queues,
        state=agent.state,
        reason=agent.reason,
        since=agent.since,
        call_id=agent.call_id,
        load=agent.load,
        devices_up=agent.devices_up,
        unreachable=agent.unreachable,
        unreachable_until=agent.unreachable_until,
    )


def queue_shape(queue: LiveQueue, directory: Directory) -> ApiQueue:
    """*queue* with its figures as they are now."""
    known = directory.queues[queue.name]
    return ApiQueue(
        name=queue.name,
        title=queue.title,
        extension=known.extension,
        members=known.members,
        waiting=queue.waiting,
        oldest_waiting_at=queue.oldest_waiting_at,
        agents={state.value: count for state, count in queue.agents.items()},
        unreachable=queue.unreachable,
        offered=queue.offered,
        answered=queue.answered,
        abandoned=queue.abandoned,
        service_level=queue.service_level,
        service_level_s=queue.service_level_s,
    )


def presence_shape(presence: Presence) -> ApiPresence:
    """What was chosen."""
    return ApiPresence(
        agent=presence.agent, chosen=presence.chosen, reason=presence.reason, since=presence.since
    )


def _leg(leg: Leg) -> ApiLeg:
    return ApiLeg(
        role=leg.role,
        state=leg.state,
        agent=leg.agent,
        number=leg.number,
        started_at=leg.started_at,
        ringing_at=leg.ringing_at,
        answered_at=leg.answered_at,
        ended_at=leg.ended_at,
        talk_s=leg.talk_s,
        cause=leg.cause,
    )


def _offer(offer: Offer) -> ApiOffer:
    return ApiOffer(
        id=offer.id,
        agent=offer.agent,
        attempt=offer.attempt,
        state=offer.state,
        ring_s=offer.ring_s,
        reserved_at=offer.reserved_at,
        alerting_at=offer.alerting_at,
        ended_at=offer.ended_at,
    )


def _trace_line(line: TraceLine, words: Words) -> ApiTraceLine:
    return ApiTraceLine(
        at=line.at,
        code=line.code,
        values=dict(line.values),
        text=render(line, words.gettext, words.directory.titles),
    )
