"""`featurewatch lint`: mistakes in rule files that promtool accepts; ours, or anybody's."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict, replace
from pathlib import Path

import httpx

from featurewatch.commands.table import show_json
from featurewatch.faults import Fault, Faulty
from featurewatch.lint import live, own
from featurewatch.lint.checks import Context, check
from featurewatch.lint.finding import Finding
from featurewatch.lint.source import read
from featurewatch.objectives import load, units
from featurewatch.project import OBJECTIVES, Project
from featurewatch.rules.plan import plan

SECONDS = 30.0
"""Patience with one question to a server."""


def run(project: Project, options: argparse.Namespace) -> int:
    """0 when nothing is an error, else 1."""
    context = own.context(project.root, plan(load(project.objectives, OBJECTIVES), OBJECTIVES))
    files = [Path(file).resolve() for file in options.files]
    if files:  # somebody else's: who reads what they record is not known
        context = replace(context, readers=None)
    texts = read(files or own.rule_files(project.root), project.root)
    offline = check(texts.rules, _said(context, options))
    if options.live:  # the server knows better which series there are
        offline = [finding for finding in offline if finding.check != "phantom"]
    findings = [*texts.findings, *offline]
    if options.live:
        with httpx.Client(timeout=SECONDS, trust_env=False) as client:
            findings += live.check(texts.rules, live.Server(options.live, client), time.time())
    _tell(sorted(findings), len(texts.rules), as_json=options.json)
    return 1 if any(finding.severity == "error" for finding in findings) else 0


def _said(context: Context, options: argparse.Namespace) -> Context:
    """The context with what the call says instead."""
    try:
        interval = units.seconds(options.scrape_interval) if options.scrape_interval else context.scrape_interval
        known = Path(options.metrics).read_text(encoding="utf-8").split() if options.metrics else ()
    except (ValueError, OSError) as error:
        raise Faulty([Fault("featurewatch lint", 0, 0, str(error), "see `featurewatch lint --help`")]) from error
    return replace(context, scrape_interval=interval, known=context.known | frozenset(known))


def _tell(findings: list[Finding], rules: int, *, as_json: bool) -> None:
    if as_json:
        show_json([asdict(finding) for finding in findings])
        return
    for finding in findings:
        print(finding)
    errors = sum(finding.severity == "error" for finding in findings)
    print(f"{rules} rules: {errors} errors, {len(findings) - errors} warnings")
