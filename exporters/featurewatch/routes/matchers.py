"""Alertmanager's matchers, as our configuration writes them: `name="value"`, `!=`, `=~`, `!~`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

_MATCHER = re.compile(r'(?P<name>[A-Za-z_][\w]*)(?P<operator>=~|!~|!=|=)(?P<value>"(?:[^"\\]|\\.)*")')


def match(matchers: Iterable[str], labels: Mapping[str, str]) -> bool:
    """Whether all matchers hold; a label that is missing is empty. Raises `ValueError` for another notation."""
    return all(_holds(matcher, labels) for matcher in matchers)


def _holds(matcher: str, labels: Mapping[str, str]) -> bool:
    found = _MATCHER.fullmatch(matcher)
    if found is None:
        raise ValueError(f'{matcher}: write a matcher as name="value"')
    value, actual = json.loads(found["value"]), labels.get(found["name"], "")
    # A pattern is about the whole value, as Alertmanager anchors it.
    same = re.fullmatch(value, actual) is not None if "~" in found["operator"] else value == actual
    return same != found["operator"].startswith("!")
