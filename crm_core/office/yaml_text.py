"""YAML as the office file uses it: mappings, lists and plain values, each known by its line.

Scalars are read as the text that stands there; the schema says what type it is. So an extension
`0101` or a number `+74955550100` needs no quotes and never turns into another number. Anchors,
aliases, tags, several documents and repeated keys are refused: nothing in the file acts at a distance.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, DocumentStartEvent, Event, NodeEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from crm_core.i18n import Message

MAX_BYTES = 1_000_000
MAX_DEPTH = 12

Path = tuple[str | int, ...]  # keys of mappings, indexes of lists
_NULLS = frozenset({"", "~", "null"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that cannot be. *line* counts from 1; *text* says what is wrong and the way out."""

    line: int
    path: str
    text: Message

    @property
    def words(self) -> Message:
        """The whole line: where, and what is wrong there."""
        if self.path:
            return Message("line {line}: {path}: {text}", line=self.line, path=self.path, text=self.text)
        return Message("line {line}: {text}", line=self.line, text=self.text)

    def __str__(self) -> str:
        return str(self.words)


class NotPlainYaml(Exception):
    """The text is not YAML, or uses what this file does not allow."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(slots=True)
class Document:
    """Plain data (dict, list, str, None) and the line of every path in it."""

    data: object = None
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of *path*, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def dotted(path: Path) -> str:
    """How people write *path*: `people.anna.devices[0].kind`; an index at the end is left out."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def parse(text: str) -> Document:
    """Read *text*. Raises NotPlainYaml for the first thing that is not allowed."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise _refused(1, Message("the file is larger than {size} kB", size=MAX_BYTES // 1000))
    try:
        _refuse_tricks(text)
        root = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        line = (error.problem_mark.line + 1) if error.problem_mark else 1
        raise _refused(line, Message("not YAML: {said}", said=error.problem or error.context)) from error
    except (YAMLError, ValueError) as error:
        raise _refused(1, Message("not YAML: {said}", said=str(error).splitlines()[0])) from error
    document = Document()
    if root is not None:
        document.data = _build(root, (), document.lines)
    return document


def _refused(line: int, text: Message, path: Path = ()) -> NotPlainYaml:
    return NotPlainYaml(Problem(line, dotted(path), text))


def _refuse_tricks(text: str) -> None:
    """Look at the event stream first: an alias bomb is refused before anything is built from it."""
    depth = documents = 0
    for event in _events(text):
        line = event.start_mark.line + 1
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _refused(line, Message("one document only: remove this `---`"))
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            raise _refused(line, Message("anchors and aliases (`&`, `*`) are not allowed: write it out"))
        if getattr(event, "tag", None):
            raise _refused(line, Message("tags (`!`) are not allowed: remove it"))
        opens = isinstance(event, NodeEvent) and not isinstance(event, ScalarEvent | AliasEvent)
        depth += 1 if opens else -1 if type(event).__name__.endswith("EndEvent") else 0
        if depth > MAX_DEPTH + 2:  # the stream and the document count too
            raise _refused(line, Message("nested deeper than {levels} levels", levels=MAX_DEPTH))


def _events(text: str) -> Iterator[Event]:
    yield from YAML(typ="rt", pure=True).parse(text)


def _build(node: Node, path: Path, lines: dict[Path, int]) -> object:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, ScalarNode):
        if node.style is None and node.value in _NULLS:
            return None
        # Titles end up in Asterisk's files: a line end in one would be a line of configuration.
        if any(unicodedata.category(char)[0] == "C" for char in node.value):
            line = node.start_mark.line + 1
            raise _refused(line, Message("holds a line end or a control character: remove it"), path)
        return str(node.value)
    if isinstance(node, SequenceNode):
        return [_build(item, (*path, index), lines) for index, item in enumerate(node.value)]
    if not isinstance(node, MappingNode):  # pragma: no cover - YAML has three kinds of nodes
        raise TypeError(type(node).__name__)
    result: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            raise _refused(line, Message("a key must be a plain name"), path)
        key = str(key_node.value)
        here = (*path, key)
        if key in result:
            text = Message("stands here twice, first in line {line}: keep one", line=lines[here])
            raise _refused(line, text, here)
        lines[here] = line
        result[key] = _build(value_node, here, lines)
    return result
