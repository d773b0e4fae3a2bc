"""The bytes in which a process shares its series with the others.

A file is `MAGIC` and records, one per series. A record is a header, a description (JSON: what the series is) and two
slots. Each new reading goes into the slot that is not the newest, with a number one higher and a checksum over all: a
process that is killed in the middle of a write leaves a slot with a wrong checksum, and the reading before it.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from featurewatch.measure.family import Family, Totals
from featurewatch.measure.labels import Labels

MAGIC = b"featurewatch 01\n"
HEADER = struct.Struct("<IIII")  # length of the record, length of the description, bytes of a slot, its checksum
SLOT = struct.Struct("<QII")  # number of the reading, its length, checksum of all

NO_NATIVE = 0xFFFFFFFF
_COUNT = struct.Struct("<I")
_MOMENT = struct.Struct("<dd")


class Moment(NamedTuple):
    """The value of a counter or gauge, and when it was set (Unix time)."""

    value: float
    at: float


Shared = Moment | Totals


class Damaged(ValueError):
    """These bytes are not what a process of this version writes."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a series is; `edges` are those of a histogram."""

    family: Family
    labels: Labels
    edges: tuple[float, ...] | None = None

    def as_json(self) -> dict[str, Any]:
        family = self.family
        return {
            "name": family.name,
            "kind": family.kind,
            "help": family.help,
            "merge": family.merge,
            "labels": self.labels,
            "edges": self.edges,
        }


def description(raw: dict[str, Any]) -> Description:
    """The opposite of `as_json`. Damaged when it is none."""
    try:
        family = Family(str(raw["name"]), raw["kind"], str(raw["help"]), raw["merge"])
        labels = tuple((str(name), str(value)) for name, value in raw["labels"])
        edges = None if raw["edges"] is None else tuple(float(edge) for edge in raw["edges"])
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(f"a description that cannot be read: {error}") from error
    if family.kind not in ("counter", "gauge", "histogram") or (family.kind == "histogram") != bool(edges):
        raise Damaged(f"{family.name} is no {family.kind}")
    return Description(family, labels, edges)


@lru_cache(maxsize=8192)
def _described(data: bytes) -> Description:
    try:
        return description(json.loads(data))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"a description that cannot be read: {error}") from error


def aligned(length: int) -> int:
    return (length + 7) & ~7


def encoded(reading: Shared) -> bytes:
    """A reading without number and checksum."""
    if isinstance(reading, Moment):
        return _MOMENT.pack(*reading)
    cumulative = reading.cumulative
    if reading.native is None:
        return struct.pack(f"<{len(cumulative)}QdI", *cumulative, reading.sum, NO_NATIVE)
    native = reading.native
    count = len(native)
    return struct.pack(
        f"<{len(cumulative)}QdI{count}h{count}Q", *cumulative, reading.sum, count, *native.keys(), *native.values()
    )


def decoded(of: Description, data: bytes) -> Shared:
    """The opposite of `encoded`. Damaged when the bytes do not fit the description."""
    try:
        if of.edges is None:
            return Moment(*_MOMENT.unpack(data))
        size = len(of.edges) + 1
        *cumulative, total, count = struct.unpack_from(f"<{size}QdI", data)
        if count == NO_NATIVE:
            return Totals(tuple(cumulative), total)
        both = struct.unpack_from(f"<{count}h{count}Q", data, 8 * size + 8 + _COUNT.size)
    except struct.error as error:
        raise Damaged(str(error)) from error
    return Totals(tuple(cumulative), total, dict(zip(both[:count], both[count:], strict=True)))


def slot(number: int, payload: bytes) -> bytes:
    """A reading as it stands in its slot."""
    start = SLOT.pack(number, len(payload), 0)
    return SLOT.pack(number, len(payload), zlib.crc32(payload, zlib.crc32(start))) + payload


def record(of: Description, reading: Shared) -> tuple[bytes, int, int]:
    """A record whose first slot holds the reading, the place of that slot in it, and the bytes of each slot."""
    described = json.dumps(of.as_json(), separators=(",", ":")).encode()
    first = slot(0, encoded(reading))
    # A native histogram gets room to grow; one that grows out of it is given a new record.
    room = aligned(len(first) * 2 if isinstance(reading, Totals) and reading.native is not None else len(first))
    start = aligned(HEADER.size + len(described))
    header = HEADER.pack(start + 2 * room, len(described), room, zlib.crc32(described))
    return (header + described).ljust(start, b"\0") + first.ljust(2 * room, b"\0"), start, room


def records(data: bytes) -> Iterator[tuple[Description, Shared | None]]:
    """What is in a file; None where no slot is whole. A series that has two records counts with the later one only.

    Damaged when the bytes are not such a file.
    """
    if not data.startswith(MAGIC):
        raise Damaged("no file of this version")
    position = len(MAGIC)
    while position + HEADER.size <= len(data):
        length, described, room, checksum = HEADER.unpack_from(data, position)
        if not length:
            return
        start, end = position + aligned(HEADER.size + described), position + length
        if end > len(data) or start + 2 * room != end or room < SLOT.size:
            raise Damaged("a record that does not fit")
        text = data[position + HEADER.size : position + HEADER.size + described]
        if zlib.crc32(text) != checksum:
            raise Damaged("a description with a wrong checksum")
        of = _described(text)
        newest = max(filter(None, (_whole(data, start, room), _whole(data, start + room, room))), default=None)
        yield of, None if newest is None else decoded(of, newest[1])
        position = end


def _whole(data: bytes, start: int, room: int) -> tuple[int, bytes] | None:
    number, length, checksum = SLOT.unpack_from(data, start)
    if length == 0 or length > room - SLOT.size:
        return None
    payload = data[start + SLOT.size : start + SLOT.size + length]
    whole = zlib.crc32(payload, zlib.crc32(SLOT.pack(number, length, 0))) == checksum
    return (number, payload) if whole else None
