"""Pictures of dashboards, as a headless Chromium draws them, and whatever was wrong while it drew.

Reviews and reports show the pictures; CI fails on the faults: a panel that failed, is empty without saying why or never
came, an error on the console, or a request that would have left the machine.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from featurewatch.tools.errors import ToolError

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
BROWSER_VARIABLE: Final = "FEATUREWATCH_CHROMIUM"
FLAGS: Final = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars"),
    "--force-color-profile=srgb",
    # Whatever asks for another machine gets no answer, and is reported.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
WIDTH: Final = 1600
FIRST_HEIGHT: Final = 1000
TALLEST: Final = 12_000
CALM_SECONDS: Final = 0.4
"""For so long nothing may be under way before a page counts as drawn."""

PANELS: Final = """() => [...document.querySelectorAll('[data-panel]')].map((panel) => {
  const states = [...panel.querySelectorAll('[data-state]')];
  const of = (state) => states.find((one) => one.dataset.state === state);
  return {
    title: panel.dataset.panelTitle,
    failed: of('failed')?.innerText ?? null,
    waiting: Boolean(of('waiting')),
    empty: Boolean(of('empty')),
    said: of('empty')?.dataset.said === 'true',
  };
})"""
PAGE_FAILURE: Final = """() => {
  const failed = [...document.querySelectorAll('[data-state=failed]')].find((one) => !one.closest('[data-panel]'));
  return failed?.innerText ?? null;
}"""


@dataclass(frozen=True, slots=True)
class View:
    """How to look."""

    theme: str = "dark"
    width: int = WIDTH
    parameters: Mapping[str, str] = field(default_factory=dict)
    """More for the address, such as `from`, `to` and `var-service`."""
    data_expected: bool = False
    """A panel that is empty is a fault even where the dashboard says what emptiness means."""
    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One dashboard, drawn."""

    uid: str
    path: Path
    panels: int
    empty: int
    faults: tuple[str, ...]


def find_browser(environ: Mapping[str, str]) -> Path:
    """The system's Chromium. Raises ToolError."""
    named = environ.get(BROWSER_VARIABLE)
    for candidate in [named] if named else BROWSERS:
        found = shutil.which(candidate)
        if found:
            return Path(found)
    missing = f"{BROWSER_VARIABLE} names {named}, which cannot be run" if named else "no Chromium was found"
    raise ToolError(f"{missing}; install one (on Debian: apt install chromium), or name it in {BROWSER_VARIABLE}")


def take(base: str, uids: Sequence[str], folder: Path, browser: Path, view: View) -> Iterator[Picture]:
    """A picture of each dashboard that the preview at `base` has, as `folder/<uid>.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    with headless(browser) as chromium:
        for uid in uids:
            context = chromium.new_context(
                viewport={"width": view.width, "height": FIRST_HEIGHT},
                color_scheme="light" if view.theme == "light" else "dark",
                reduced_motion="reduce",
                timezone_id="UTC",
                locale="en-GB",
            )
            try:
                yield _picture(context.new_page(), base, uid, folder / f"{uid}.png", view)
            finally:
                context.close()


def slim(path: Path, colours: int) -> None:
    """Write a picture again with a palette of so many colours (2 to 256): a third of the bytes, as sharp as before.

    Raises ToolError.
    """
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise ToolError("--colours needs Pillow; install it with: pip install 'featurewatch[pictures]'") from None

    with Image.open(path) as picture:
        # Refined by k-means: what is rare, such as white figures on green, would else become what is common beside it.
        slimmed = picture.convert("RGB").quantize(
            colours, method=Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE
        )
    slimmed.save(path, optimize=True)


@contextmanager
def headless(browser: Path) -> Iterator[Any]:
    """A Chromium that asks no other machine. Raises ToolError when it cannot be started."""
    # Imported here: the server does not need it.
    try:
        from playwright.sync_api import Error, sync_playwright
    except ModuleNotFoundError:
        raise ToolError("pictures need playwright; install it with: pip install 'featurewatch[pictures]'") from None

    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=str(browser), args=list(FLAGS))
        except Error as error:
            raise ToolError(f"{browser} cannot be started: {str(error).splitlines()[0]}") from None
        try:
            yield chromium
        finally:
            chromium.close()


def _picture(page: Any, base: str, uid: str, path: Path, view: View) -> Picture:
    faults: list[str] = []
    home = urlsplit(base).netloc

    def console(message: Any) -> None:
        if message.type in ("error", "assert"):
            faults.append(f"console: {message.text}")

    def asked(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != home:
            faults.append(f"asked another machine: {request.url}")

    page.on("console", console)
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("request", asked)
    # No refresh of its own: the picture is of one moment.
    query = urlencode({"refresh": "", "theme": view.theme, **view.parameters})
    page.goto(f"{base}/d/{uid}?{query}")
    drawn = wait_until_drawn(page, view.seconds)
    if drawn:
        # Panels below the edge of the window are not asked for before they can be seen.
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": view.width, "height": min(max(int(height), FIRST_HEIGHT), TALLEST)})
        drawn = wait_until_drawn(page, view.seconds)
    if not drawn:
        faults.append(f"not drawn within {view.seconds:g} seconds")
    page.screenshot(path=str(path))
    panels = page.evaluate(PANELS)
    failure = page.evaluate(PAGE_FAILURE)
    if failure:
        faults.append(_one_line(failure))
    elif not panels:
        faults.append("no panel was drawn")
    for panel in panels:
        faults += _faults_of(panel, view.data_expected)
    return Picture(uid, path, len(panels), sum(panel["empty"] for panel in panels), tuple(dict.fromkeys(faults)))


def wait_until_drawn(page: Any, seconds: float) -> bool:
    """Polled from outside: the page's policy forbids the evaluation that playwright's own waiting needs."""
    end = time.monotonic() + seconds
    calm_since: float | None = None
    while time.monotonic() < end:
        now = time.monotonic()
        if page.evaluate("window.__featurewatchBusy") == 0:
            calm_since = now if calm_since is None else calm_since
            if now - calm_since >= CALM_SECONDS:
                return True
        else:
            calm_since = None
        page.wait_for_timeout(50)
    return False


def _faults_of(panel: Mapping[str, Any], data_expected: bool) -> Iterator[str]:
    name = f"panel {panel['title']!r}"
    if panel["failed"]:
        yield f"{name} failed: {_one_line(panel['failed'])}"
    elif panel["waiting"]:
        yield f"{name} never came"
    elif panel["empty"] and data_expected:
        yield f"{name} is empty"
    elif panel["empty"] and not panel["said"]:
        yield f"{name} is empty, and its dashboard does not say what that means (noValue)"


def _one_line(text: str) -> str:
    return " ".join(str(text).split())
