"""Notes: whatever is typed where, nothing of it is lost, and only those who may write it do."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from crm_core.calls.events import CallMerged
from crm_core.errors import BadInput, NotFound
from crm_core.notes.events import NoteSaved
from crm_core.notes.model import MAX_KEPT, MAX_NOTE, Note, NoteConflict
from crm_core.notes.service import NoteService
from tests.integration.calls.conftest import keep
from tests.integration.notes.conftest import (
    ADMIN,
    ANNA,
    AT,
    CHIEF_OF_BAKU,
    ELENA,
    RASHID,
    VIKTOR,
    Desk,
    legs_of,
)

pytestmark = pytest.mark.integration


async def test_a_note_grows_as_one_types_and_is_there_after_a_restart(desk: Desk) -> None:
    call = await desk.call()
    assert await desk.notes.note(ANNA, call.id) == Note(call_id=call.id, author="anna")
    note = await desk.notes.save_note(ANNA, call.id, "Red", 0)
    assert (note.version, note.text, note.saved_at) == (1, "Red", desk.clock.now())
    desk.clock.advance(1)
    note = await desk.notes.save_note(ANNA, call.id, "Red kitchen,\n 3 m ", 1)
    assert (note.version, note.saved_at, note.final) == (2, desk.clock.now(), False)
    assert await NoteService(desk.database, desk.clock).note(ANNA, call.id) == note
    emptied = await desk.notes.save_note(ANNA, call.id, "", 2)
    assert (emptied.version, emptied.text) == (3, "")
    assert await desk.notes.notes(ANNA, call.id) == ()


async def test_others_are_told_without_a_word_of_the_text(desk: Desk) -> None:
    call = await desk.call()
    await desk.notes.save_note(ANNA, call.id, "secret", 0)
    [said] = await desk.events(NoteSaved)
    assert (said.call_id, said.customer_id, said.author, said.version) == (call.id, desk.marina, "anna", 1)
    assert await desk.rows("SELECT 1 FROM outbox WHERE body::text LIKE '%secret%'") == []


async def test_a_save_without_an_answer_is_said_again(desk: Desk) -> None:
    call = await desk.call()
    first = await desk.notes.save_note(ANNA, call.id, "Red", 0)
    assert await desk.notes.save_note(ANNA, call.id, "Red", 0) == first
    typed_on = await desk.notes.save_note(ANNA, call.id, "Red kitchen", 0)
    assert (typed_on.text, typed_on.version) == ("Red kitchen", 2)
    assert len(await desk.events(NoteSaved)) == 2


async def test_two_tabs_lose_nothing(desk: Desk) -> None:
    call = await desk.call()
    base = await desk.notes.save_note(ANNA, call.id, "Red.", 0)
    one, other = await asyncio.gather(
        desk.notes.save_note(ANNA, call.id, "Red. Budget 5000", base.version),
        desk.notes.save_note(ANNA, call.id, "Red. Call Monday", base.version),
    )
    assert {one.version, other.version} == {2, 3}
    note = await desk.notes.note(ANNA, call.id)
    assert sorted(note.text.split("\n")) in (
        ["Budget 5000", "Red. Call Monday"],
        ["Call Monday", "Red. Budget 5000"],
    )


async def test_words_typed_anywhere_at_any_time_are_all_there(desk: Desk) -> None:
    """Three tabs type words of their own, at the beginning or the end of what each last saw."""
    call = await desk.call()
    dice = random.Random(7)
    tabs = [("", 0)] * 3
    typed = [f"word{number}" for number in range(40)]
    for word in typed:
        place = dice.randrange(3)
        text, version = tabs[place]
        cut = dice.choice((0, len(text)))
        text = f"{text[:cut]} {word} {text[cut:]}"
        note = await desk.notes.save_note(ANNA, call.id, text, version)
        # An answer that was lost, now and then: the tab types on with what it knows.
        tabs[place] = (note.text, note.version) if dice.random() < 0.8 else (text, version)
    words = (await desk.notes.note(ANNA, call.id)).text.split()
    assert set(words) == set(typed)
    assert len(words) < 2 * len(typed)


async def test_first_saves_at_once_are_one_note(desk: Desk) -> None:
    call = await desk.call()
    texts = [f"tab {letter}" for letter in "abcdef"]
    await asyncio.gather(*(desk.notes.save_note(ANNA, call.id, text, 0) for text in texts))
    note = await desk.notes.note(ANNA, call.id)
    assert note.version == 6 and set("abcdef") <= set(note.text.split())
    assert await desk.rows("SELECT count(*) FROM notes") == [(1,)]


async def test_what_both_tabs_wrote_may_be_long_but_not_endless(desk: Desk) -> None:
    call = await desk.call()
    for version, letter in enumerate("abcd", start=1):
        note = await desk.notes.save_note(ANNA, call.id, letter * (MAX_NOTE - 1), 0)
        assert note.version == version
    with pytest.raises(NoteConflict) as refused:
        await desk.notes.save_note(ANNA, call.id, "e" * MAX_NOTE, 0)
    stored = await desk.notes.note(ANNA, call.id)
    assert refused.value.stored == stored
    assert MAX_NOTE < len(stored.text) <= MAX_KEPT
    shorter = await desk.notes.save_note(ANNA, call.id, stored.text[:-1], stored.version)
    assert len(shorter.text) == len(stored.text) - 1
    await desk.notes.save_note(ANNA, call.id, "short again", shorter.version)
    with pytest.raises(BadInput):
        await desk.notes.save_note(ANNA, call.id, stored.text, shorter.version + 1)


async def test_hostile_texts_are_refused(desk: Desk) -> None:
    call = await desk.call()
    for text in ("x" * (MAX_NOTE + 1), "a\0b", "\ud83d", "\x1b]0;x\x07"):
        with pytest.raises(BadInput) as refused:
            await desk.notes.save_note(ANNA, call.id, text, 0)
        assert refused.value.field == "text"
    with pytest.raises(BadInput):
        await desk.notes.save_note(ANNA, call.id, "text", -1)
    assert await desk.rows("SELECT count(*) FROM notes") == [(0,)]
    markup = "<script>alert(1)</script> %s {0} '; DROP TABLE notes; --"
    assert (await desk.notes.save_note(ANNA, call.id, markup, 0)).text == markup


async def test_who_may_write_and_read(desk: Desk) -> None:
    call = await desk.call()
    for reader in (ANNA, VIKTOR, ADMIN):
        note = await desk.notes.save_note(reader, call.id, f"of {reader.person}", 0)
        assert (note.author, note.version) == (reader.person, 1)
        desk.clock.advance(1)
    for reader in (ANNA, VIKTOR, ADMIN):
        assert (await desk.notes.note(reader, call.id)).text == f"of {reader.person}"
        authors = [note.author for note in await desk.notes.notes(reader, call.id)]
        assert authors == ["anna", "viktor", "admin"]
    for stranger in (ELENA, RASHID, CHIEF_OF_BAKU):
        with pytest.raises(NotFound):
            await desk.notes.save_note(stranger, call.id, "mine?", 0)
        with pytest.raises(NotFound):
            await desk.notes.note(stranger, call.id)
        with pytest.raises(NotFound):
            await desk.notes.notes(stranger, call.id)
    with pytest.raises(NotFound):
        await desk.notes.save_note(ADMIN, uuid4(), "of nothing", 0)


async def test_a_draft_is_final_with_the_disposition(desk: Desk) -> None:
    call = await desk.call()
    note = await desk.notes.save_note(ANNA, call.id, "Red", 0)
    assert not note.final
    await desk.calls.set_disposition(ANNA, call.id, "agreed")
    assert (await desk.notes.note(ANNA, call.id)).final
    await desk.calls.set_disposition(ANNA, call.id, None)
    assert not (await desk.notes.note(ANNA, call.id)).final


async def test_a_draft_is_final_when_its_author_answers_the_next_call(desk: Desk) -> None:
    call = await desk.call(0, legs=legs_of(["anna", "elena"], AT))
    await desk.notes.save_note(ANNA, call.id, "Red", 0)
    await desk.notes.save_note(ELENA, call.id, "Blue", 0)
    rang = replace(legs_of(["anna"], AT + timedelta(minutes=3))[0], answered_at=None)
    await desk.call(3, agent=None, legs=(rang,), answered_at=None)  # type: ignore[arg-type]
    assert not (await desk.notes.note(ANNA, call.id)).final
    await desk.call(5)
    assert (await desk.notes.note(ANNA, call.id)).final
    assert not (await desk.notes.note(ELENA, call.id)).final


async def test_a_final_note_is_corrected_and_the_audit_keeps_it(desk: Desk) -> None:
    call = await desk.call()
    await desk.notes.save_note(ANNA, call.id, "Red", 0)
    await desk.calls.set_disposition(ANNA, call.id, "agreed")
    await desk.notes.save_note(ANNA, call.id, "Red", 1)
    for version, text in enumerate(("Blue", "Blue, 3 m"), start=1):
        await desk.notes.save_note(ANNA, call.id, text, version)
    audited = await desk.rows("SELECT actor, subject_id, before FROM audit WHERE action = 'note.corrected'")
    assert audited == [("anna", str(call.id), {"text": "Red"})]


async def test_a_note_begun_before_the_disposition_or_after_is_no_correction(desk: Desk) -> None:
    call = await desk.call(disposition=None)
    await desk.calls.set_disposition(ANNA, call.id, "agreed")
    note = await desk.notes.save_note(ANNA, call.id, "Red", 0)
    assert note.final
    assert await desk.rows("SELECT 1 FROM audit WHERE action = 'note.corrected'") == []


async def test_notes_of_calls_that_became_one_are_one(desk: Desk) -> None:
    kept = await desk.call(0, legs=legs_of(["anna", "elena"], AT))
    part = await desk.call(0, legs=legs_of(["anna", "elena"], AT))
    await desk.notes.save_note(ANNA, kept.id, "of the call", 0)
    await desk.notes.save_note(ANNA, part.id, "of the question", 0)
    await desk.notes.save_note(ELENA, part.id, "Elena's", 0)
    merged = replace(part, merged_into=kept.id, outcome=None, legs=(), version=1)
    await keep(desk.journal, [CallMerged(call=merged, into=kept.id)])
    assert (await desk.notes.note(ELENA, part.id)).text == "Elena's"
    moved = await desk.notes.save_note(ELENA, part.id, "Elena's own", 1)
    assert (moved.call_id, moved.text, moved.version) == (kept.id, "Elena's own", 2)
    # A tab that still has the note of one of the two open must not take the other's place.
    saved = await desk.notes.save_note(ANNA, part.id, "of the question, and more", 1)
    assert saved.call_id == kept.id
    assert "of the call" in saved.text and "question, and more" in saved.text
    assert await desk.notes.note(ANNA, kept.id) == saved
    assert {note.author: note.text for note in await desk.notes.notes(VIKTOR, part.id)} == {
        "anna": saved.text,
        "elena": "Elena's own",
    }


async def test_two_notes_that_became_one_are_read_as_one(desk: Desk) -> None:
    kept, part = await desk.call(0), await desk.call(0)
    await desk.notes.save_note(ANNA, kept.id, "of the call", 0)
    await desk.notes.save_note(ANNA, part.id, "of the question", 0)
    merged = replace(part, merged_into=kept.id, outcome=None, legs=(), version=1)
    await keep(desk.journal, [CallMerged(call=merged, into=kept.id)])
    note = await desk.notes.note(ANNA, kept.id)
    assert "call" in note.text and "question" in note.text and note.version == 2
    tidied = await desk.notes.save_note(ANNA, kept.id, "of both", note.version)
    assert tidied.text == "of both"
