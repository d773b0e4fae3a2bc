"""Labels of one series: names are ours, values come from anywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping

from featurewatch import names

Labels = tuple[tuple[str, str], ...]

LABEL = re.compile("(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
OURS = frozenset(
    {
        *(names.SERVICE, names.EXTRACTOR, names.SERVED_FROM, names.OUTCOME, names.ERROR_TYPE, names.REASON),
        *(names.STAGE, names.INPUT, names.DIRECTION, names.CACHE_NAME, names.OPERATION, names.RESULT, names.BATCH),
        *(names.SIGNAL, names.GPU, names.UUID, names.DRIVER, names.CLOCK, names.KIND, names.MIG),
        *(names.PROCESS, names.PRODUCT, "le", "quantile"),
    }
)
"""What series are told apart by already."""

LONGEST_NAME = 200
"""Characters allowed in a name that users choose (service, extractor)."""


def labels(pairs: Mapping[str, str]) -> Labels:
    """The pairs as a series keeps them: in the given order, values made safe to send."""
    return tuple((name, sendable(value)) for name, value in pairs.items())


def sendable(value: str) -> str:
    """The value with lone surrogates replaced by `?`, since they cannot be written as UTF-8. All else is kept."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode()
    return value


def chosen_labels(pairs: Mapping[str, str]) -> dict[str, str]:
    """Further labels as given by the user's code; ValueError when a name cannot be one, or is taken by ours."""
    for label in pairs:
        if not LABEL.fullmatch(label) or label in OURS:
            raise ValueError(f"{label!r} cannot be a further label: letters, digits and _, and none of {sorted(OURS)}")
    return {label: chosen_name(label, value) for label, value in pairs.items()}


def chosen_name(label: str, value: object) -> str:
    """A service or extractor name as given by the user's code; ValueError says what is wrong with it."""
    if not isinstance(value, str):
        raise ValueError(f"{label} must be a string, not {value!r}")
    if not value.strip():
        raise ValueError(f"{label} must not be empty: Prometheus drops empty labels")
    if len(value) > LONGEST_NAME:
        raise ValueError(f"{label} has {len(value)} characters, at most {LONGEST_NAME} are allowed: {value[:40]!r}…")
    if sendable(value) != value:
        raise ValueError(f"{label} holds a lone surrogate and cannot be written as UTF-8: {value!r}")
    return value
