"""promtool, called with a time limit, its verdicts as values."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from featurewatch import promtool_output
from featurewatch.faults import Failure, Verdict

TIMEOUT = 120.0
"""Seconds; all our rule tests together take a few."""


class PromtoolError(Failure):
    """promtool itself could not do its work: missing, killed, or too slow. Says which and what to do."""


@dataclass(frozen=True, slots=True)
class Promtool:
    """One promtool binary. Every method raises `PromtoolError` when it could not be asked."""

    binary: Path
    timeout: float = TIMEOUT
    """Seconds for one call."""

    def check_rules(self, files: Sequence[Path]) -> Verdict:
        """Do the rule files parse, every expression included? Duplicate rules are faults, too."""
        return self._run(["check", "rules", "--lint=all", "--lint-fatal"], files)

    def test_rules(self, files: Sequence[Path]) -> Verdict:
        """Do the rules what their unit tests say? A fault stands at the line of the test's name."""
        return self._run(["test", "rules"], files)

    def check_config(self, file: Path) -> Verdict:
        """Would Prometheus start with this configuration and the rule files it names?"""
        return self._run(["check", "config"], [file])

    def check_metrics(self, exposition: str) -> Verdict:
        """Does the text of a /metrics endpoint follow the conventions?"""
        return self._run(["check", "metrics"], [], text=exposition)

    def _run(self, arguments: list[str], files: Sequence[Path], *, text: str = "") -> Verdict:
        what = " ".join(("promtool", *arguments[:2]))
        code, output = self._call(what, [*arguments, *map(os.fspath, files)], text)
        if code < 0:
            raise PromtoolError(f"{what}: killed by {signal.Signals(-code).name}")
        if code == 0:
            return Verdict((), output)
        return Verdict(tuple(promtool_output.faults(what, files, output)), output)

    def _call(self, what: str, arguments: list[str], text: str) -> tuple[int, str]:
        """(exit status, both outputs in the order of their lines)."""
        try:
            process = subprocess.Popen(  # noqa: S603 - a binary we located, no shell
                [os.fspath(self.binary), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # so that whatever it started can be stopped with it
            )
        except FileNotFoundError as error:
            raise PromtoolError(f"{what}: {self.binary} is not there; run `make tools`") from error
        except PermissionError as error:
            raise PromtoolError(f"{what}: {self.binary} may not be executed; chmod +x it") from error
        except OSError as error:
            raise PromtoolError(f"{what}: {self.binary} cannot be run: {error.strerror}; run `make tools`") from error
        with process:
            try:
                output, _ = process.communicate(text, timeout=self.timeout)
            except subprocess.TimeoutExpired as error:
                _kill(process)
                raise PromtoolError(f"{what}: no answer within {self.timeout:g} s; it was stopped") from error
            except BaseException:
                _kill(process)
                raise
        return process.returncode, output


def _kill(process: subprocess.Popen[str]) -> None:
    """The process and what it started. It has not been waited for, so its number is still its own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
