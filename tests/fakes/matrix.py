"""The permission matrix, asked of every route there is: routes x readers x things of others.

    await Matrix(house, things).check()

A screen's tests give the things its addresses name: whom a thing is shown to, and what the route wants in
its body. Whoever it is not for gets 404, the same answer as for what does not exist; whoever it is for
gets anything else. An address with a placeholder that no thing stands for fails the check.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.house import PEOPLE
from tests.fakes.web import House

SENTINEL = "00000000-0000-4000-8000-000000000000"  # the id of nothing


def addresses(app: web.Application) -> list[tuple[str, str]]:
    """Method and pattern of every route, in the order they were mounted."""
    return [
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None
    ]


def filled(pattern: str, value: str = SENTINEL) -> str:
    """The address of *pattern* with *value* in each placeholder."""
    parts = pattern.split("/")
    return "/".join(value if part.startswith("{") else part for part in parts)


@dataclass(frozen=True, kw_only=True)
class Thing:
    """What the placeholder in addresses below *below* stands for.

    *seen_by*: who may see it; everybody else is a stranger to it. *bodies*: what `METHOD pattern` wants,
    as keywords of a request; *refused*: those of them who see it but may not do `METHOD pattern`, 403.
    """

    below: str
    value: str
    seen_by: Collection[str]
    bodies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    refused: Mapping[str, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Matrix:
    """*below*: only routes under these addresses, for the tests of one screen."""

    house: House
    things: Sequence[Thing]
    below: tuple[str, ...] = ("/",)
    exempt: Collection[str] = ()

    async def check(self) -> int:
        """Ask all of it; the number of answers looked at."""
        looked = 0
        for method, pattern in addresses(self.house.app):
            if "{" not in pattern or not pattern.startswith(self.below) or pattern in self.exempt:
                continue
            things = [thing for thing in self.things if pattern.startswith(thing.below)]
            assert things, f"{pattern}: say in the test of its screen what its placeholder stands for"
            for thing in things:
                for person in PEOPLE:
                    await self._ask(method, pattern, thing, person.name)
                    looked += 1
        return looked

    async def _ask(self, method: str, pattern: str, thing: Thing, who: str) -> None:
        key = f"{method} {pattern}"
        body = thing.bodies.get(key, {})
        asked = (key, thing.value, who)
        async with self.house.page(method, filled(pattern), who=who, **body) as answer:
            assert answer.status == 404, (*asked, "what does not exist", answer.status)
        async with self.house.page(method, filled(pattern, thing.value), who=who, **body) as answer:
            if who not in thing.seen_by:
                assert answer.status == 404, (*asked, "not theirs", answer.status)
            elif who in thing.refused.get(key, ()):
                assert answer.status == 403, (*asked, answer.status)
            else:
                assert answer.status < 400, (*asked, answer.status)
