"""`featurewatch preview`: the dashboards in a browser, or as pictures."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from featurewatch.project import OBJECTIVES, Project

if TYPE_CHECKING:
    from featurewatch.preview.settings import Settings

DASHBOARDS = Path("dashboards/out")
RUNBOOKS = Path("docs/alerts")
UNUSABLE = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("--png", type=Path, metavar="OUT", help="take a picture of each dashboard into this folder; fail on any fault")
    add("--prometheus", metavar="URL", help="default: that of the native stack")
    add("--responder", metavar="URL", help="for who has which alert in hand (default: that of the native stack)")
    add("--responder-token-file", type=Path, metavar="FILE", help="what the responder wants of a viewer")
    add("--port", type=int, default=3000, help="where to serve (default: %(default)s); 0 picks a free one")
    add("--scrape-seconds", type=float, metavar="S", help="Prometheus' scrape interval (default: the declared one)")
    add("--only", action="append", default=[], metavar="UID", help="with --png: this dashboard (may be repeated)")
    add("--theme", choices=("dark", "light"), default="dark", help="with --png (default: %(default)s)")
    add("--width", type=int, default=1600, help="with --png: in pixels (default: %(default)s)")
    add("--colours", type=int, metavar="N", help="with --png: at most so many, for small files (default: all)")
    add("--from", dest="since", default="", metavar="TIME", help="with --png: now-1h, or milliseconds since 1970")
    add("--to", dest="until", default="", metavar="TIME", help="with --png: now, or milliseconds since 1970")
    add("--expect-data", action="store_true", help="with --png: an empty panel is a fault wherever it is")


def run(project: Project, options: argparse.Namespace) -> int:
    """Serve until told to stop, or take pictures. 1: something was wrong with a picture. Raises ToolError."""
    from featurewatch.preview.settings import SettingsError, from_command_line

    try:
        chosen = from_command_line(
            [
                *("--dashboards", str(project.root / DASHBOARDS), "--runbooks", str(project.root / RUNBOOKS)),
                *("--port", str(options.port)),
                *_watched(project, options),
            ]
        )
        if options.png is not None:
            return _pictures(chosen, options)
        from featurewatch.preview.serving import serve

        asyncio.run(serve(chosen, lambda url: print(f"dashboards: {url}", flush=True)))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    return 0


def _watched(project: Project, options: argparse.Namespace) -> Iterator[str]:
    """Whom to ask: those named, otherwise the stack of this checkout as it was started last."""
    from featurewatch.compose import viewer_token
    from featurewatch.deployment import ports_from, ports_of, tls_files
    from featurewatch.native.ports import LOOPBACK
    from featurewatch.native.records import RunFolder
    from featurewatch.objectives import load
    from featurewatch.rules.plan import plan

    decided = plan(load(project.objectives, OBJECTIVES), OBJECTIVES) if project.objectives.is_file() else None
    run_dir = project.state / "run"
    ports = ports_of(run_dir, ports_from(os.environ))
    files = tls_files(project, decided) if decided is not None else None
    scheme = "https" if files else "http"
    yield from ("--prometheus", options.prometheus or f"{scheme}://{LOOPBACK}:{ports.prometheus}")
    if files is not None and not options.prometheus:
        yield from ("--ca-file", str(files.authority))
    if options.scrape_seconds is not None:
        yield from ("--scrape-seconds", f"{options.scrape_seconds:g}")
    elif decided is not None:
        yield from ("--scrape-seconds", f"{decided.timing.scrape_interval:g}")
    if options.responder:
        token = options.responder_token_file
        yield from ("--responder", options.responder, *(("--responder-token-file", str(token)) if token else ()))
    elif not options.prometheus and decided is not None and RunFolder(run_dir).recorded("responder") is not None:
        file = viewer_token(decided.objectives, project.secrets)
        if file is not None and file.is_file():
            yield from ("--responder", f"{scheme}://{LOOPBACK}:{ports.responder}", "--responder-token-file", str(file))


def _pictures(chosen: Settings, options: argparse.Namespace) -> int:
    from featurewatch.preview import pictures
    from featurewatch.preview.beside import running
    from featurewatch.preview.dashboards import Boards

    browser = pictures.find_browser(os.environ)
    boards = [board for board in Boards(chosen.dashboards).all() if not options.only or board.uid in options.only]
    unknown = set(options.only) - {board.uid for board in boards}
    if unknown or not boards:
        what = f"no dashboard {', '.join(sorted(unknown))}" if unknown else "no dashboard"
        print(f"{what} in {chosen.dashboards}; `make generate` writes them", file=sys.stderr)
        return UNUSABLE
    times = {name: value for name, value in (("from", options.since), ("to", options.until)) if value}
    if options.colours is not None and not 2 <= options.colours <= 256:
        print(f"--colours is {options.colours}; give 2 to 256", file=sys.stderr)
        return UNUSABLE
    view = pictures.View(options.theme, options.width, times, options.expect_data)
    faults = 0
    for board in boards:
        if board.fault:
            print(f"{board.file} {board.fault}", file=sys.stderr)
            faults += 1
    with running(chosen) as base:
        uids = [board.uid for board in boards if board.uid]
        for picture in pictures.take(base, uids, options.png, browser, view):
            if options.colours is not None:
                pictures.slim(picture.path, options.colours)
            empty = f", {picture.empty} without data" if picture.empty else ""
            print(f"{picture.path}: {picture.panels} panels{empty}", flush=True)
            for fault in picture.faults:
                print(f"{picture.uid}: {fault}", file=sys.stderr)
            faults += len(picture.faults)
    return 1 if faults else 0
