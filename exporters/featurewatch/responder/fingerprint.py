"""How Alertmanager names an alert: a hash of its labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OFFSET: Final = 0xCBF29CE484222325
PRIME: Final = 0x100000001B3
SEPARATOR: Final = 0xFF


def fingerprint(labels: Mapping[str, str]) -> str:
    """FNV-1a of 64 bits over the labels in the order of their names, each name and value followed by 0xff.

    The method is `LabelSet.Fingerprint` of Prometheus' common library; as Alertmanager does, it is written as 16
    hexadecimal digits.
    """
    value = OFFSET
    for name in sorted(labels):
        for byte in (*name.encode(), SEPARATOR, *labels[name].encode(), SEPARATOR):
            value = ((value ^ byte) * PRIME) & 0xFFFF_FFFF_FFFF_FFFF
    return f"{value:016x}"
