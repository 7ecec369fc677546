"""From the YAML text of the office file to one checked value, or to every problem it has with its line.

    office = read_office(text)      # raises OfficeProblems

Types and forms are those of `crm_core.office.model`; what types cannot say is in
`crm_core.office.checks`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType, NoneType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from crm_core.errors import BadOffice
from crm_core.i18n import N_, Message, joined
from crm_core.office import model
from crm_core.office.checks import check
from crm_core.office.model import OfficeFile
from crm_core.office.yaml_text import Document, NotPlainYaml, Path, Problem, dotted, parse

MAX_SHOWN = 20

_UNKNOWN = re.compile(r"Object contains unknown field `(.+)`")


class OfficeProblems(BadOffice):
    """The office file cannot be used; *problems* lists everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        shown = [problem.words for problem in problems[:MAX_SHOWN]]
        if len(problems) > MAX_SHOWN:
            shown.append(Message("… and {count} more", count=len(problems) - MAX_SHOWN))
        super().__init__(joined(shown, "\n"), field=problems[0].path or None)
        self.problems = tuple(problems)


def read_office(text: str) -> OfficeFile:
    """Turn *text* into an office. Raises OfficeProblems."""
    try:
        document = parse(text)
    except NotPlainYaml as error:
        raise OfficeProblems([error.problem]) from error
    if not isinstance(document.data, dict):
        shape = Message("the file must be a mapping that begins with `version: 1`")
        raise OfficeProblems([Problem(1, "", shape)])
    try:
        # Not strict: scalars come as text, the schema says which of them are numbers and booleans.
        office = msgspec.convert(document.data, OfficeFile, strict=False)
    except msgspec.ValidationError as error:
        raise OfficeProblems(_explain(document, document.data, OfficeFile, (), str(error))) from error
    problems = [Problem(document.line(fault.path), dotted(fault.path), fault.text) for fault in check(office)]
    if problems:
        raise OfficeProblems(sorted(problems, key=lambda problem: problem.line))
    return office


@lru_cache(maxsize=2)
def read_once(text: str) -> OfficeFile:
    """As `read_office`; a process that asks for the office in force again need not read it again."""
    return read_office(text)


def _explain(document: Document, data: object, wanted: Any, path: Path, message: str) -> list[Problem]:
    """Find where *data* is not *wanted*, part by part: msgspec stops at the first fault and names no keys.

    Returns every problem on the way, each at its own line.
    """
    found: list[Problem] = []
    for step, part, kind in _parts(data, wanted):
        try:
            msgspec.convert(part, kind, strict=False)
        except msgspec.ValidationError as error:
            found += _explain(document, part, kind, (*path, step), str(error))
    message, _, inside = message.partition(" - at `$")
    unknown = _UNKNOWN.match(message) if not inside else None
    if unknown or not found:
        place = (*path, unknown[1]) if unknown else path
        found.append(Problem(document.line(place), dotted(path), _in_plain_words(message, wanted, data)))
    return found


def _parts(data: object, wanted: Any) -> Iterator[tuple[str | int, object, Any]]:
    """What *data* is made of: step, part and the type that part must have."""
    wanted = _plain(wanted)
    if isinstance(data, list) and get_origin(wanted) is tuple:
        for index, item in enumerate(data):
            yield index, item, get_args(wanted)[0]
    elif isinstance(data, dict) and get_origin(wanted) is dict:
        key_type, value_type = get_args(wanted)
        for key, value in data.items():
            yield key, key, key_type
            yield key, value, value_type
    elif isinstance(data, dict) and isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        hints = get_type_hints(wanted, include_extras=True)
        for key, value in data.items():
            if key in hints:
                yield key, value, hints[key]


def _in_plain_words(message: str, wanted: Any, value: object) -> Message:
    """msgspec's *message* about *value* as a sentence that ends in the way out."""
    wanted = _plain(wanted)
    if unknown := _UNKNOWN.match(message):
        fields = ", ".join(getattr(wanted, "__struct_fields__", ()))
        if not fields:
            return Message("there is no '{name}' here", name=unknown[1])
        return Message("there is no '{name}' here; known: {names}", name=unknown[1], names=fields)
    if missing := re.match(r"Object missing required field `(.+)`", message):
        return Message("'{name}' is missing", name=missing[1])
    if value is None:
        return Message("is empty: give it a value or remove the line")
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        return Message("'{value}' is not known here; known: {names}", value=value, names=", ".join(wanted))
    if pattern := re.match(r"Expected `str` matching regex '(.+)'", message):
        form = pattern[1].replace("\\\\", "\\")
        return Message(
            "'{value}' is not of the form {form}", value=value, form=Message(_FORMS.get(form, form))
        )
    if bound := _BOUND.match(message):
        text = _BOUNDS[bound["kind"], bound["sign"]]
        return Message(text, value=value, limit=bound["limit"])
    if message.startswith("Expected `int`, got"):
        return Message("'{value}' is not a whole number", value=value)
    if message.startswith("Expected `bool`, got"):
        return Message("'{value}' is neither true nor false", value=value)
    said = message[:1].lower() + message[1:]  # msgspec's own words: for what no office file had yet
    return Message("'{value}': {said}", value=value, said=said) if isinstance(value, str) else Message(said)


def _plain(wanted: Any) -> Any:
    """X of `X | None`; any other type as it is."""
    kinds = get_args(wanted)
    return next(kind for kind in kinds if kind is not NoneType) if NoneType in kinds else wanted


_BOUND = re.compile(r"Expected `(?P<kind>int|str)`(?: of length)? (?P<sign>[<>]=) (?P<limit>\d+)\Z")
_BOUNDS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("int", ">="): N_("'{value}' is too small: {limit} at least"),
        ("int", "<="): N_("'{value}' is too large: {limit} at most"),
        ("str", ">="): N_("'{value}' is too short: characters at least: {limit}"),
        ("str", "<="): N_("'{value}' is too long: characters at most: {limit}"),
    }
)
_FORMS: Mapping[str, str] = MappingProxyType(
    {
        model.NAME_FORM: N_("name (a-z first, then a-z, 0-9 and _, 32 at most)"),
        model.EXTENSION_FORM: N_("101 (two to six digits)"),
        model.E164_FORM: N_("+74955550100 (E.164: plus, country, number, no spaces)"),
        model.PREFIX_FORM: N_("+7 (plus and the first digits of numbers)"),
        model.DIALLED_FORM: N_("4955550100 (digits, with or without plus)"),
        model.COUNTRY_FORM: N_("RU (ISO 3166, two letters)"),
        model.STATE_CODE_FORM: N_("*50 (a star and two to four digits)"),
        model.ADDRESS_FORM: N_("192.0.2.1 or 192.0.2.0/24"),
    }
)
