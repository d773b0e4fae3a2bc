"""The few parts of protobuf's wire format that the exposition needs, written by hand: no runtime, no generated code."""

from __future__ import annotations

import struct
from collections.abc import Iterable

VARINT, FIXED64, BYTES = 0, 1, 2


def varint(value: int) -> bytes:
    """A non-negative integer, seven bits a byte, lowest first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def zigzag(value: int) -> int:
    """A signed integer as protobuf's sint types keep it: small numbers of either sign stay small."""
    return value * 2 if value >= 0 else -value * 2 - 1


def uint(field: int, value: int) -> bytes:
    return varint(field << 3 | VARINT) + varint(value)


def sint(field: int, value: int) -> bytes:
    return uint(field, zigzag(value))


def double(field: int, value: float) -> bytes:
    return varint(field << 3 | FIXED64) + struct.pack("<d", value)


def message(field: int, content: bytes) -> bytes:
    """An embedded message, a string or packed numbers: all are bytes with their length."""
    return varint(field << 3 | BYTES) + varint(len(content)) + content


def text(field: int, value: str) -> bytes:
    return message(field, value.encode())


def packed_sint(field: int, values: Iterable[int]) -> bytes:
    return message(field, b"".join(varint(zigzag(value)) for value in values))
