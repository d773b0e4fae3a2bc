"""A YAML file as plain data in which every value knows its line; bounded, whatever the file holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from featurewatch.faults import Fault, Faulty

MAXIMUM_BYTES = 256 * 1024
MAXIMUM_DEPTH = 20
MAXIMUM_NODES = 20_000
MAXIMUM_NUMBER = 40
"""Characters of a number. Python's big integers take quadratic time, and YAML 1.1 has a base 60 to build them in."""

NUMBERS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null"))
"""What an unquoted value can mean besides text. Dates stay the text they are written as."""

KeyPath = tuple[str | int, ...]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """What a file says (`data`) and where it says it (`places`: path of keys to line and column, from 1)."""

    file: str
    data: Any
    places: dict[KeyPath, Place]
    faults: tuple[Fault, ...] = field(default=())
    """What can be told from the text alone (a key twice); the rest of the document is still worth checking."""

    def fault(self, path: KeyPath, what: str, remedy: str) -> Fault:
        """A fault at `path`, or at the nearest enclosing value that stands in the file."""
        while path and path not in self.places:
            path = path[:-1]
        line, column = self.places.get(path, (0, 0))
        return Fault(self.file, line, column, what, remedy)


def dotted(path: KeyPath) -> str:
    """As messages name the place: `objectives[0].limits`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def read(path: Path, name: str | None = None) -> Source:
    """Read `path`, called `name` in messages. Raises `Faulty` unless it is one small, plain document."""
    file = name or os.fspath(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise Faulty([Fault(file, 0, 0, f"cannot be read: {error.strerror}", "name a readable file")]) from error
    return parse(content, file)


def parse(content: bytes, file: str) -> Source:
    """The same for bytes already read."""
    if len(content) > MAXIMUM_BYTES:
        raise Faulty([Fault(file, 0, 0, f"larger than {MAXIMUM_BYTES // 1024} KiB", "split or shorten it")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Faulty([Fault(file, line, 1, "not UTF-8", "save it as UTF-8")]) from error
    try:
        _refuse_bombs(text, file)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise Faulty([Fault(file, line, column, f"not YAML: {problem}", "mend the syntax")]) from error
    except yaml.reader.ReaderError as error:
        before = text.encode()[: error.position].decode(errors="replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        what = f"not YAML: the character U+{error.character:04X}"
        raise Faulty([Fault(file, line, column, what, "remove it")]) from error
    if node is None:
        raise Faulty([Fault(file, 0, 0, "empty", "begin with `version: featurewatch/v1`")])
    reader = _Reader(file)
    data = reader.value(node, ())
    return Source(file, data, reader.places, tuple(reader.faults))


def _refuse_bombs(text: str, file: str) -> None:
    """Walk the events, which needs no memory, before anything is built from them."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            what, remedy = f"the alias *{event.anchor}", "aliases are not allowed: write the value out"
        elif tag := getattr(event, "tag", None):
            what, remedy = f"the tag {tag}", "tags are not allowed: write the plain value"
        elif depth > MAXIMUM_DEPTH:
            what, remedy = "nested too deeply", f"at most {MAXIMUM_DEPTH} levels"
        elif count > MAXIMUM_NODES:
            what, remedy = "too many values", f"at most {MAXIMUM_NODES}"
        else:
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            continue
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise Faulty([Fault(file, line, column, what, remedy)])


class _Reader:
    """Turns nodes into plain data and notes the place of each."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[KeyPath, Place] = {}
        self.faults: list[Fault] = []
        self._scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        self.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if isinstance(node, yaml.MappingNode):
            return dict(self._items(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        if node.tag not in NUMBERS or len(node.value) > MAXIMUM_NUMBER:
            return node.value
        try:
            return self._scalars.construct_object(node)
        except ValueError:  # a number of no digits, such as 0x_
            return node.value

    def _items(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key, item in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is None:
                self._fault(key, "a key that is not text", "use a plain word")
                continue
            if name in seen:
                self._fault(key, f"the key {name!r} again", f"it stands in line {seen[name]} already")
            seen.setdefault(name, key.start_mark.line + 1)
            value = self.value(item, (*path, name))
            self.places[(*path, name)] = (key.start_mark.line + 1, key.start_mark.column + 1)
            yield name, value

    def _fault(self, node: yaml.Node, what: str, remedy: str) -> None:
        self.faults.append(Fault(self.file, node.start_mark.line + 1, node.start_mark.column + 1, what, remedy))
