"""`featurewatch backtest`: when each alert would have fired, over the history of a Prometheus that runs."""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from featurewatch.backtest.history import History, State, Window
from featurewatch.backtest.proposal import proposed
from featurewatch.backtest.replay import Firing
from featurewatch.backtest.report import Question, Replayed, questions, replay
from featurewatch.commands.table import show, show_json
from featurewatch.faults import Fault, Faulty
from featurewatch.objectives import load, units
from featurewatch.objectives.units import duration_text, percent_text
from featurewatch.project import OBJECTIVES, Project
from featurewatch.rules.build import groups
from featurewatch.rules.plan import plan

SECONDS = 60.0
"""Patience with one question."""

HEADER = ("alert", "severity", "fired", "in all", "median", "longest", "shorter than")


def run(project: Project, options: argparse.Namespace) -> int:
    """0 when all could be replayed that can be."""
    since, short, step = (_seconds(name, getattr(options, name)) for name in ("since", "short", "step"))
    until = time.time() if options.until is None else options.until
    today = questions(groups(plan(load(project.objectives, OBJECTIVES), OBJECTIVES)), options.alert, step)
    if not today:
        raise Faulty([Fault("--alert", 0, 0, f"no alert is called {', '.join(options.alert)}", "see docs/alerts")])
    then: list[Question] = []
    if options.set:
        changed = proposed(project.objectives, options.set)
        then = questions(groups(plan(changed, OBJECTIVES)), options.alert, step)
        before = {(q.alert.name, q.severity): (q.expr, q.alert.hold) for q in today}
        then = [q for q in then if before.get((q.alert.name, q.severity)) != (q.expr, q.alert.hold)]
    state = State.open(Path(options.state) if options.state else None, Window(until - (since or 0.0), until))
    with httpx.Client(timeout=SECONDS, trust_env=False) as client, _progress() as progress:
        task = progress.add_task("asking", total=None)
        history = History(options.url, client, answered=lambda: progress.advance(task))
        every = [question for question in (*today, *then) if not question.why_not]
        progress.update(task, total=sum(history.pieces(state.window, question.step) for question in every))
        found = list(replay(today, history, state))
        proposals = list(replay(then, history, state))
    if options.json:
        show_json(
            {
                "window": {"start": state.window.start, "end": state.window.end},
                "shorter_than": short,
                "today": [each.as_mapping(short or 0.0) for each in found],
                "proposed": [each.as_mapping(short or 0.0) for each in proposals] if options.set else None,
            }
        )
    else:
        _tell(found, proposals, short or 0.0, proposal=bool(options.set), firings=options.firings)
    return 0


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _seconds(name: str, text: str | None) -> float | None:
    try:
        return None if text is None else units.span(text)
    except ValueError as error:
        raise Faulty([Fault(f"--{name}", 0, 0, f"{text}: {error}", "write a duration such as 30d or 5m")]) from error


def _tell(today: list[Replayed], then: list[Replayed], short: float, *, proposal: bool, firings: bool) -> None:
    header = (*HEADER[:-1], f"{HEADER[-1]} {duration_text(short)}")
    show(header, [_row(each, short) for each in today if not each.why_not])
    for each in today:
        if each.why_not:
            print(f"{each.alert} ({each.severity}) was not replayed: {each.why_not}")
    if proposal:
        print("\nproposed")
        show(header, [_row(each, short) for each in then if not each.why_not])
    if firings:
        for each in (*today, *then):
            for labels, series in sorted(each.firings.items()):
                for firing in series:
                    print(f"{each.alert} ({each.severity}) {_span(firing)} {dict(labels)}")


def _row(each: Replayed, short: float) -> tuple[str, ...]:
    share = each.share_shorter(short)
    seconds = sorted(each.seconds)
    if share is None:
        return (each.alert, each.severity, "0", "", "", "", "")
    middle = seconds[len(seconds) // 2]
    shown = (_rounded(sum(seconds)), _rounded(middle), _rounded(seconds[-1]))
    return (each.alert, each.severity, str(len(seconds)), *shown, percent_text(round(share, 4)))


def _rounded(seconds: float) -> str:
    return duration_text(float(round(seconds))) if round(seconds) else "0s"


def _span(firing: Firing) -> str:
    def moment(at: float) -> str:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

    return f"{moment(firing.began)} to {'now' if firing.ended is None else moment(firing.ended)}"
