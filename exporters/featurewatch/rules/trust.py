"""When a share can be trusted: how many events it takes, and how often chance alone may fire an alert."""

from __future__ import annotations

MINIMUM_BAD = 10
"""Bad events that a window must hold before a ratio is judged: fewer than that is noise, whatever the ratio."""

MINIMUM_EVENTS = 20
"""Events that a window must hold before a ratio is judged."""

MARGIN = 0.8
"""A service that spends this part of what is allowed keeps its promise and must not be paged."""

TOLERATED = 0.01
"""Highest chance per window that such a service fires."""
