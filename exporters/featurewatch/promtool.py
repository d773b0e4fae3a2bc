"""promtool, called with a time limit, its verdicts as values."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from featurewatch.faults import Fault

TIMEOUT = 120.0
"""Seconds; all our rule tests together take a few."""

_PLACED = re.compile(r"\s*(?:\")?(?P<file>[^\s:\"]+\.ya?ml)(?:\")?: (?P<line>\d+):(?P<column>\d+): (?P<what>.+)")


class PromtoolError(Exception):
    """promtool itself could not do its work: missing, killed, or too slow. Says which and what to do."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What promtool said: nothing wrong, or faults with the place it named."""

    faults: tuple[Fault, ...]
    output: str


@dataclass(frozen=True, slots=True)
class Promtool:
    """One promtool binary."""

    binary: Path
    timeout: float = TIMEOUT

    def check_rules(self, files: Sequence[Path]) -> Verdict:
        """Do the rule files parse, every expression included? Duplicate rules are faults, too."""
        return self._run(["check", "rules", "--lint=all", "--lint-fatal"], files)

    def test_rules(self, files: Sequence[Path]) -> Verdict:
        """Do the rules what their unit tests say?"""
        return self._run(["test", "rules"], files)

    def check_config(self, file: Path) -> Verdict:
        """Would Prometheus start with this configuration and the rule files it names?"""
        return self._run(["check", "config"], [file], cwd=file.parent)

    def check_metrics(self, exposition: str) -> Verdict:
        """Does the text of a /metrics endpoint follow the conventions?"""
        return self._run(["check", "metrics"], [], text=exposition)

    def _run(
        self, arguments: list[str], files: Sequence[Path], *, cwd: Path | None = None, text: str | None = None
    ) -> Verdict:
        command = [os.fspath(self.binary), *arguments, *map(os.fspath, files)]
        what = " ".join(("promtool", *arguments))
        try:
            done = subprocess.run(  # noqa: S603 - a binary we located, no shell
                command, cwd=cwd, input=text or "", capture_output=True, text=True, timeout=self.timeout, check=False
            )
        except FileNotFoundError as error:
            raise PromtoolError(f"{what}: {self.binary} is not there; run `make tools`") from error
        except PermissionError as error:
            raise PromtoolError(f"{what}: {self.binary} may not be executed; chmod +x it") from error
        except subprocess.TimeoutExpired as error:
            raise PromtoolError(f"{what}: no answer within {self.timeout:g} s; it was stopped") from error
        if done.returncode < 0:
            raise PromtoolError(f"{what}: killed by signal {-done.returncode}")
        output = done.stdout + done.stderr
        if done.returncode == 0:
            return Verdict((), output)
        return Verdict(tuple(_faults(what, files, output)), output)


def _faults(what: str, files: Sequence[Path], output: str) -> list[Fault]:
    """The lines that name a place; where there is none, the whole complaint."""
    placed = [
        Fault(match["file"], int(match["line"]), int(match["column"]), match["what"], f"found by {what}")
        for line in output.splitlines()
        if (match := _PLACED.match(line))
    ]
    if placed:
        return placed
    complaint = "\n".join(line for line in output.splitlines() if line.strip() and "SUCCESS" not in line)
    name = os.fspath(files[0]) if len(files) == 1 else what
    return [Fault(name, 0, 0, complaint.strip(), f"found by {what}")]
