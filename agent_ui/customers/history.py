"""A card's history in the words of the house."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agent_ui.customers.history_views import (
    HistoryCall,
    HistoryChange,
    HistoryItem,
    HistoryNote,
    HistoryStep,
)
from agent_ui.recording_words import recording_view
from crm_core.calls.model import Direction
from crm_core.i18n import N_, Message
from crm_core.notes.model import TimelineCall, TimelineChange, TimelineItem

_DEEDS = {
    "customer.created": N_("The card was made."),
    "customer.owner_became": N_("Answered first, and became responsible."),
    "customer.merged": N_("Another card became part of this one."),
}


def history_items(
    items: Iterable[TimelineItem], titles: Mapping[str, str], dispositions: Mapping[str, str], me: str
) -> tuple[HistoryItem, ...]:
    """*items* as the reader *me* gets them; *titles* of people and queues, *dispositions* by name."""
    return tuple(_item(item, titles, dispositions, me) for item in items)


def _item(
    item: TimelineItem, titles: Mapping[str, str], dispositions: Mapping[str, str], me: str
) -> HistoryItem:
    if isinstance(item, TimelineCall):
        return _call(item, titles, dispositions, me)
    if isinstance(item, TimelineChange):
        lines = tuple(_changes(item, titles))
        return HistoryChange(id=item.id, at=item.at, actor=titles.get(item.actor, item.actor), lines=lines)
    step = item.step
    return HistoryStep(
        id=item.id,
        at=item.at,
        text=step.text,
        due_at=step.due_at,
        done_at=step.done_at,
        agent=None if step.agent == me else titles.get(step.agent, step.agent),
    )


def _call(
    call: TimelineCall, titles: Mapping[str, str], dispositions: Mapping[str, str], me: str
) -> HistoryCall:
    return HistoryCall(
        id=call.id,
        at=call.at,
        direction=call.direction.value,
        state=call.state.value,
        outcome=call.outcome.value if call.outcome is not None else None,
        number=call.from_number if call.direction is Direction.IN else call.to,
        agent=titles.get(call.agent, call.agent) if call.agent not in (None, me) else None,
        mine=call.agent == me,
        queue=titles.get(call.queue, call.queue) if call.queue is not None else None,
        talk_s=call.talk_s,
        disposition=dispositions.get(call.disposition, call.disposition)
        if call.disposition is not None
        else None,
        notes=tuple(
            HistoryNote(
                author=None if note.author == me else titles.get(note.author, note.author), text=note.text
            )
            for note in call.notes
        ),
        recordings=tuple(map(recording_view, call.recordings)),
    )


def _changes(change: TimelineChange, titles: Mapping[str, str]) -> Iterable[Message]:
    """What was done, a line for each field; a deed that has no words of its own names its fields."""
    if change.action == "customer.dropped":  # told on the card that it became part of
        yield Message("“{title}” became part of this card.", title=change.before.get("title") or "–")
        return
    if change.action in _DEEDS:
        yield Message(_DEEDS[change.action])
        if change.action != "customer.merged":
            return  # nothing in its fields that these words do not say
    for field, now in change.after.items():
        line = _field(field, change.before.get(field), now, titles)
        if line is not None:
            yield line


def _field(field: str, was: Any, now: Any, titles: Mapping[str, str]) -> Message | None:
    if field == "title":
        return Message("Name: {now} (was: {was})", now=now or "–", was=was or "–")
    if field == "owner":
        names = (titles.get(str(name), str(name)) if name else Message("nobody") for name in (now, was))
        shown, before = names
        return Message("Responsible: {now} (was: {was})", now=shown, was=before)
    if field in ("phones", "contact_points"):
        return Message("Numbers: {now}", now=", ".join(map(str, now or ())) or "–")
    if field == "office":
        return Message("Office: {now}", now=titles.get(str(now), str(now)) if now else "–")
    if field == "status" and now == "kept" and was == "provisional":
        return Message("The card is kept.")
    return None
