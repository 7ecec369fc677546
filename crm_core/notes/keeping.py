"""Two texts that grew apart kept as one, when the text both came from is not known any more. Pure.

Bounded work: a caller of ours never waits for somebody's pasted novel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from operator import eq

_WORDS = re.compile(r"\S+\s*|\A\s+")  # each with the space after it: together they are the text again
# As many words alike in a row are the same passage; fewer, but at an end, may be "the" in two sentences.
_SURE = 3
_WORK = 250_000  # pairs of words compared at most: some tens of milliseconds at worst


def keep_both(stored: str, given: str) -> str:
    """One text with all words of *stored* and all of *given*, each in its order.

    Of a text and what it was typed on to, that is the longer one. Else passages in both stand once, and
    where the two differ come the words of *stored* and, on a new line, those of *given*. Said again it
    gives the same. What was deleted in only one of the two is there again.
    """
    start = _alike(stored, given)
    end = min(min(len(stored), len(given)) - start, _alike(stored[::-1], given[::-1]))
    if start + end == len(given):
        return stored
    if start + end == len(stored):
        return given
    mine, theirs = _WORDS.findall(stored), _WORDS.findall(given)
    if _inside(theirs, mine):
        return stored
    if _inside(mine, theirs):
        return given
    return "".join(_pieces(mine, theirs))


def _alike(one: str, other: str) -> int:
    """How many characters the two begin with alike."""
    return sum(takewhile(bool, map(eq, one, other)))


def _inside(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether all words of *part* stand in *whole*, in their order."""
    left = map(str.strip, whole)
    return all(word in left for word in map(str.strip, part))


def _pieces(mine: Sequence[str], theirs: Sequence[str]) -> Iterator[str]:
    """The words of both, passages they share once."""
    at, there = 0, 0
    for place, other, size in (*_passages(mine, theirs), (len(mine), len(theirs), 0)):
        yield from _gap(mine[at:place], theirs[there:other])
        # Of two forms of the space after a word the longer: at the end of a text there is none.
        yield from (
            max(pair, key=len) for pair in zip(mine[place : place + size], theirs[other:], strict=False)
        )
        at, there = place + size, other + size


def _passages(mine: Sequence[str], theirs: Sequence[str]) -> list[tuple[int, int, int]]:
    """Where both have the same words: place in each, and how many."""
    if len(mine) * len(theirs) > _WORK:
        return []
    one, other = [word.strip() for word in mine], [word.strip() for word in theirs]
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return [
        (at, there, size)
        for at, there, size in blocks
        if size >= _SURE
        or (at == 0 and there == 0)
        or (at + size == len(mine) and there + size == len(theirs))
    ]


def _gap(mine: Sequence[str], theirs: Sequence[str]) -> Iterator[str]:
    """Words between two passages: of one if it has those of the other too, else of both."""
    if _inside(theirs, mine):
        yield from mine
    elif _inside(mine, theirs):
        yield from theirs
    else:
        yield "".join(mine).rstrip() + "\n"
        yield from theirs
