"""From an office back to YAML: its canonical text, or an author's text brought up to it, comments kept."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from crm_core.office.model import OfficeFile

WIDTH = 110

_ALWAYS = frozenset({"version", "name", "kind"})  # written even when they are the default


class _TextResolver(VersionedResolver):
    """Every plain scalar is text, so `0101` and `+7495…` are written back as they stood."""

    @property
    def versioned_resolver(self) -> Any:
        return {}


def canonical(office: OfficeFile) -> str:
    """The one text of *office*: fields in the order of the model, defaults left out."""
    return _dumped(_writer(), _merged(None, office))


def updated(text: str, office: OfficeFile) -> str:
    """*text* changed to say *office*: what is the same keeps its place, its form and its comments.

    *text* must be an office file that can be read. A comment goes with the thing it follows: YAML
    libraries hang it there.
    """
    writer = _writer()
    return _dumped(writer, _merged(writer.load(text), office))


def _writer() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.Resolver = _TextResolver
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dumped(writer: YAML, tree: Any) -> str:
    out = io.StringIO()
    writer.dump(tree, out)
    return out.getvalue()


def _merged(old: Any, new: Any) -> Any:
    """*old*, a node of the tree or None, changed where it does not already say *new*."""
    if isinstance(new, msgspec.Struct | dict):
        return _merged_map(old if isinstance(old, CommentedMap) else CommentedMap(), new)
    if isinstance(new, tuple):
        return _merged_list(old if isinstance(old, CommentedSeq) else CommentedSeq(), new)
    if isinstance(new, bool):
        new = "true" if new else "false"
        return old if str(old).lower() == new else new
    if isinstance(new, int):
        return old if str(old) == str(new) else str(new)
    return old if old is not None and str(old) == str(new) else _quoted(str(new))


def _merged_map(old: CommentedMap, new: msgspec.Struct | dict[str, Any]) -> CommentedMap:
    wanted = dict(_entries(new))
    for key in [key for key in old if key not in wanted or wanted[key][0] is None]:
        del old[key]
    for key, (value, spare) in wanted.items():
        if key in old:
            old[key] = _merged(old[key], value)
        elif not spare:
            old[_quoted(key)] = _merged(None, value)
    return old


def _entries(new: msgspec.Struct | dict[str, Any]) -> Iterator[tuple[str, tuple[Any, bool]]]:
    """Keys with their value, and whether the file may leave the key out."""
    if isinstance(new, dict):
        yield from ((key, (value, False)) for key, value in new.items())
        return
    for field in msgspec.structs.fields(new):
        value = getattr(new, field.name)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        yield field.encode_name, (value, value == default and field.name not in _ALWAYS)


def _merged_list(old: CommentedSeq, new: tuple[Any, ...]) -> CommentedSeq:
    for index, value in enumerate(new):
        if index < len(old):
            old[index] = _merged(old[index], value)
        else:
            old.append(_merged(None, value))
    del old[len(new) :]
    return old


def _quoted(text: str) -> str:
    """Text that another reader of YAML could take for a number or a truth value gets quotes."""
    plain = text[:1].isalpha() and text.lower() not in ("true", "false", "null", "yes", "no", "on", "off")
    return text if plain else DoubleQuotedScalarString(text)
