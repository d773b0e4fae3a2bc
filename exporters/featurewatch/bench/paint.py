"""When a reader sees something: the first paint of a dashboard in a headless Chromium, and the last panel's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from featurewatch.preview import pictures
from featurewatch.tools.errors import ToolError

LOADS: Final = 5
DRAWN_SECONDS: Final = 120.0
FIRST_PAINT: Final = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


@dataclass(frozen=True, slots=True)
class Paints:
    """Seconds from asking for the page, one for each load; every load begins with an empty cache."""

    first: tuple[float, ...]
    """Until there is anything at all."""
    drawn: tuple[float, ...]
    """Until every panel in the window is drawn."""

    def __str__(self) -> str:
        def told(times: tuple[float, ...]) -> str:
            return f"median {statistics.median(times):.2f} s, worst {max(times):.2f} s"

        return f"first paint {told(self.first)}; all panels in the window drawn {told(self.drawn)}"


def paints(base: str, uid: str, parameters: Mapping[str, str], environ: Mapping[str, str]) -> Paints:
    """Load it a few times in a fresh context each. Raises ToolError, also when it is never drawn."""
    browser = pictures.find_browser(environ)
    first, drawn = [], []
    loads = int(environ.get("LOADS", LOADS))
    with pictures.headless(browser) as chromium:
        for _ in range(loads):
            context = chromium.new_context(viewport={"width": pictures.WIDTH, "height": pictures.FIRST_HEIGHT})
            try:
                one, all_of_it = _load(context.new_page(), base, uid, parameters)
            finally:
                context.close()
            first.append(one)
            drawn.append(all_of_it)
    return Paints(tuple(first), tuple(drawn))


def _load(page: Any, base: str, uid: str, parameters: Mapping[str, str]) -> tuple[float, float]:
    began = time.monotonic()
    page.goto(f"{base}/d/{uid}?{urlencode({'refresh': '', **parameters})}")
    if not pictures.wait_until_drawn(page, DRAWN_SECONDS):
        raise ToolError(f"{uid} is not drawn within {DRAWN_SECONDS:g} seconds")
    drawn = time.monotonic() - began - pictures.CALM_SECONDS
    return float(page.evaluate(FIRST_PAINT)) / 1000, drawn
