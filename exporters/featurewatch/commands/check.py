"""`featurewatch check`: every step, one line each, and what it found."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict

import httpx

from featurewatch import check
from featurewatch.amtool import Amtool
from featurewatch.commands.secrets import ensure_demo_secrets
from featurewatch.commands.table import show_json
from featurewatch.commands.tools import provided
from featurewatch.generate import Made
from featurewatch.objectives import load
from featurewatch.project import OBJECTIVES, Project
from featurewatch.promtool import Promtool
from featurewatch.rules.plan import plan

SECONDS = 30.0
"""Patience with one question to a server."""


def run(project: Project, *, as_json: bool = False, live: str | None = None) -> int:
    """0 when nothing is wrong, else 1. `live` is the address of a Prometheus that is asked, too."""
    results = []
    for result in _results(project, live):
        results.append(result)
        if not as_json:
            _tell(result)
    if as_json:
        show_json([asdict(result) | {"ok": not result.faults} for result in results])
    return 1 if any(result.faults for result in results) else 0


def _results(project: Project, live: str | None) -> Iterator[check.Result]:
    decided = plan(load(project.objectives, OBJECTIVES), OBJECTIVES)
    ensure_demo_secrets(project, decided)
    tools = provided(project)
    binaries = check.Binaries(Promtool(tools.promtool.path), Amtool(tools.amtool.path))
    made = Made(decided, project.root)
    for step in (*check.steps(project, made, binaries), check.self_check(made)):
        yield check.look(step)
    if live is not None:
        with httpx.Client(timeout=SECONDS, trust_env=False) as client:
            for step in check.live_steps(project, made, live, client):
                yield check.look(step)


def _tell(result: check.Result) -> None:
    told = f": {result.told}" if result.told else ""
    print(f"{'FAULT' if result.faults else 'ok':<6}{result.name}{told} ({result.seconds:.1f} s)")
    for fault in result.faults:
        print(f"      {fault}")
    for warning in result.warnings:
        print(f"      warning: {warning}")
    sys.stdout.flush()
