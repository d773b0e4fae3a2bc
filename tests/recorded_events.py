"""Lines as Alertmanager 0.33.1 wrote them."""

from __future__ import annotations

from tests.conftest import CHECKOUT

FOLDER = CHECKOUT / "tests/golden/events"

STORY = (FOLDER / "story.jsonl").read_text(encoding="utf-8")
"""A high alert is inhibited by a critical one, which is told and ends; then the high one is told."""

ABOUT_NOTHING = (FOLDER / "about-nothing.jsonl").read_text(encoding="utf-8")
"""A start, a silence, a group, an end, and Watchdog."""
