"""How a story fails."""

from __future__ import annotations

from featurewatch.faults import Failure


class StoryError(Failure):
    """The story cannot be told: something it stands on is not there. Says what, and what to do."""


class NoSuchScene(ValueError):
    """No scene has that name, or objectives.yaml does not state what it is about. The message says which there are."""
