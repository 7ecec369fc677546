"""Who asks for a page, with what it is answered, and what handlers of pages do alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID
from zoneinfo import ZoneInfo

from aiohttp import web

from agent_ui.dialling import Dialling, dialling_of
from agent_ui.language import preferences
from agent_ui.services import READER, SERVICES, WebServices
from crm_core.calls.dispositions import Disposition
from crm_core.errors import BadInput, NotFound
from crm_core.i18n import N_, Message
from crm_core.ids import parse_id
from crm_core.live.directory import Directory
from crm_core.notes.overview import CardOverview
from crm_core.people.model import Reader
from crm_core.phone_number import to_e164

EXAMPLE = "+74955550142"  # a number of nobody's
NAMED = 40  # characters of what was typed, when it is named


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody who asks. *zone*: by which times of day are read and written for them; *dial*: what they can
    call.
    """

    services: WebServices
    reader: Reader
    directory: Directory
    zone: ZoneInfo
    dial: Dialling
    _dispositions: list[Sequence[Disposition]] = field(default_factory=list, repr=False, compare=False)

    @classmethod
    def of(cls, request: web.Request) -> Asking:
        """The asker of *request*. Raises Unavailable before the first load."""
        services = request.app[SERVICES]
        zone = ZoneInfo(preferences(request).manner.timezone)
        return cls(services, request[READER], services.hub.directory, zone, dialling_of(request))

    @property
    def titles(self) -> Mapping[str, str]:
        """How people and queues are called."""
        return self.directory.titles

    def called(self, name: str | None) -> str | None:
        """How a person or a queue is called; one who left the office file, by name."""
        return None if name is None else self.titles.get(name, name)

    async def card(self, id: UUID, *, met: bool = False, history: int = 0) -> CardOverview:
        """A card of the own office, or of a call the reader may see (*met*: they do). Raises NotFound.

        *history*: so many items of what happened with it.
        """
        return await self.services.overviews.overview(self.reader, id, met=met, history=history)

    async def dispositions(self) -> Sequence[Disposition]:
        """What may be said of calls, in the order to show it; read once for all parts of a page."""
        if not self._dispositions:
            self._dispositions.append(await self.services.calls.dispositions(self.services.pbx))
        return self._dispositions[0]

    async def results(self) -> Mapping[str, str]:
        """What may be said of calls: a message id, or the office's own words, by name."""
        return {one.name: one.title for one in await self.dispositions()}

    def number(self, text: str) -> str:
        """*text* in E.164, as people of the reader's office write numbers. Raises BadInput."""
        number = to_e164(text, country=self.directory.country_of(self.reader.office))
        if number is None:
            hint = Message(
                "“{number}”: write it like {example}.", number=text.strip()[:NAMED], example=EXAMPLE
            )
            raise BadInput(N_("This is not a telephone number."), field="phone", hint=hint)
        return number


def path_id(request: web.Request, name: str = "id") -> UUID:
    """The id in the path. Raises NotFound for anything that is no id."""
    found = parse_id(request.match_info[name])
    if found is None:
        raise NotFound
    return found
