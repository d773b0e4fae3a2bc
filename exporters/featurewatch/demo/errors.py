"""How a story fails."""

from __future__ import annotations


class StoryError(Exception):
    """The story cannot be told: something it stands on is not there. Says what, and what to do."""
