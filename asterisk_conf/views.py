"""The office as the templates see it: flat, every value checked, and what Asterisk cannot express refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from asterisk_conf import conf_text
from asterisk_conf.conf_text import Checked
from asterisk_conf.music import DEFAULT
from asterisk_conf.outside import Outgoing, World, world_of
from asterisk_conf.settings import Asterisk, PbxSettings
from crm_core.errors import BadOffice
from crm_core.i18n import N_
from crm_core.office.model import Language, OfficeFile, OutgoingEntry
from crm_core.people.model import DeviceKind, Person
from crm_core.queues.model import Queue

# One-letter extensions mean something to Asterisk (hangup, invalid, time-out …).
_SPECIAL_EXTENSIONS = frozenset("aehiost")

_PROMPT_LANGUAGE = {Language.EN: "en", Language.RU: "ru", Language.AZ: "en"}  # no core prompts in az
_STATE_PROMPTS = {"available": "agent-loginok", "break": "beep", "offline": "agent-loggedoff"}


@dataclass(frozen=True, slots=True)
class NumberView:
    """A number on one trunk: every form it is dialled in."""

    e164: str
    dialled: tuple[str, ...]
    queue: str
    answer: bool
    language: str


@dataclass(frozen=True, slots=True)
class TrunkView:
    """A line to a carrier."""

    name: str
    match: tuple[Checked, ...]
    contact: Checked | None
    codecs: Checked
    numbers: tuple[NumberView, ...]
    outgoing: Outgoing | None


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One endpoint of an agent. *browser*: WebRTC; it has no address before it registers, and no *secret*
    here: its password is set while Asterisk runs.
    """

    endpoint: str
    agent: str
    title: Checked
    extension: str
    language: str
    country: str
    secret: Checked | None
    contact: Checked | None
    browser: bool


@dataclass(frozen=True, slots=True)
class AgentView:
    """Somebody who can be rung. *dial*: all devices, as Dial() and hints take them."""

    name: str
    extension: str | None
    dial: Checked


@dataclass(frozen=True, slots=True)
class MusicView:
    """A class of waiting music."""

    name: str
    directory: Checked


@dataclass(frozen=True, slots=True)
class StateCodeView:
    """What an agent dials to choose *state*, and the prompt that confirms it."""

    dialled: str
    state: str
    prompt: str


@dataclass(frozen=True, slots=True)
class OfficeView:
    """What templates take from an office."""

    agents: tuple[AgentView, ...]
    devices: tuple[DeviceView, ...]
    trunks: tuple[TrunkView, ...]
    queues: tuple[Queue, ...]
    music: tuple[MusicView, ...]
    state_codes: tuple[StateCodeView, ...]
    world: World

    @property
    def browser_phones(self) -> int:
        """How many devices are phones in the browser."""
        return sum(device.browser for device in self.devices)


def view_office(office: OfficeFile, settings: PbxSettings, asterisk: Asterisk) -> OfficeView:
    """The whole office as values for templates.

    Raises BadOffice for what Asterisk cannot express: two meanings of the same digits, a reserved name, a
    value of another form, a device without password.
    """
    _check_names((*office.people, *office.queues))
    view = OfficeView(
        agents=tuple(_agents(office.person_list())),
        devices=tuple(_devices(office, settings)),
        trunks=tuple(_trunks(office)),
        queues=office.queue_list(),
        music=tuple(_music(office, settings, asterisk)),
        state_codes=_state_codes(office),
        world=world_of(office),
    )
    _check_dialled(view)
    return view


def _agents(people: Iterable[Person]) -> Iterable[AgentView]:
    for person in people:
        if person.devices:
            dial = Checked("&".join(f"PJSIP/{device.endpoint}" for device in person.devices))
            yield AgentView(person.name, person.extension, dial)


def _devices(office: OfficeFile, settings: PbxSettings) -> Iterable[DeviceView]:
    for person in office.person_list():
        for device in person.devices:
            browser = device.kind is DeviceKind.BROWSER
            password = settings.device_secrets.get(device.endpoint)
            if password is None and not browser:
                raise BadOffice(N_("A device has no password yet."), field=device.endpoint)
            yield DeviceView(
                endpoint=device.endpoint,
                agent=person.name,
                title=conf_text.display(person.title),
                extension=person.extension or "",
                language=_PROMPT_LANGUAGE[Language(person.language)],
                country=office.offices[person.office].country,
                secret=None if browser or password is None else conf_text.secret(password),
                contact=_contact(device.contact, f"people.{person.name}"),
                browser=browser,
            )


def _trunks(office: OfficeFile) -> Iterable[TrunkView]:
    for name, entry in office.trunks.items():
        numbers = tuple(
            NumberView(
                e164=number.e164,
                dialled=number.dialled,
                queue=number.queue,
                answer=number.answer,
                language=_PROMPT_LANGUAGE[office.offices[number.office].language],
            )
            for number in office.number_list()
            if not office.numbers[number.e164].trunks or name in office.numbers[number.e164].trunks
        )
        yield TrunkView(
            name=name,
            match=tuple(conf_text.address(address) for address in entry.match),
            contact=_contact(entry.contact, f"trunks.{name}"),
            codecs=Checked(",".join(conf_text.checked(codec) for codec in entry.codecs)),
            numbers=numbers,
            outgoing=_outgoing(entry.outgoing, office),
        )


def _outgoing(entry: OutgoingEntry | None, office: OfficeFile) -> Outgoing | None:
    if entry is None:
        return None
    shown = office.numbers[entry.caller_id]
    language = _PROMPT_LANGUAGE[office.offices[shown.office].language]
    return Outgoing(entry.caller_id, shown.queue, entry.ring_s, language)


def _contact(contact: str | None, field: str) -> Checked | None:
    if contact is None:
        return None
    if contact.startswith("sips:") or contact.endswith("transport=tls"):
        raise BadOffice(N_("The private PBX speaks SIP over UDP and TCP only."), field=field)
    return conf_text.uri(contact)


def _music(office: OfficeFile, settings: PbxSettings, asterisk: Asterisk) -> Iterable[MusicView]:
    yield MusicView(DEFAULT, conf_text.path(asterisk.music))
    for name in sorted({queue.music for queue in office.queue_list()} - {DEFAULT}):
        found = settings.music / name if name in settings.music_classes else asterisk.music
        yield MusicView(name, conf_text.path(found))


def _state_codes(office: OfficeFile) -> tuple[StateCodeView, ...]:
    codes = office.state_codes
    dialled = {"available": codes.available, "break": codes.on_break, "offline": codes.offline}
    return tuple(StateCodeView(dialled[state], state, prompt) for state, prompt in _STATE_PROMPTS.items())


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if name in _SPECIAL_EXTENSIONS:
            raise BadOffice(N_("This name means something else to Asterisk; use a longer one."), field=name)


def _check_dialled(view: OfficeView) -> None:
    """Refuse two meanings of one dialled string: Asterisk would mix their steps."""
    inside = [agent.extension for agent in view.agents if agent.extension]
    inside += [queue.extension for queue in view.queues if queue.extension]
    inside += [code.dialled for code in view.state_codes]
    places: dict[str, list[str]] = {"extensions": inside}
    for trunk in view.trunks:
        places[f"trunks.{trunk.name}"] = [dialled for number in trunk.numbers for dialled in number.dialled]
    for field, dialled in places.items():
        twice = [text for text, count in Counter(dialled).items() if count > 1]
        if twice:
            raise BadOffice(
                N_("Something is dialled by the same digits twice."), field=f"{field}: {twice[0]}"
            )
