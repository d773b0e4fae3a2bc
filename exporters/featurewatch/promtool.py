"""promtool, called with a time limit, its verdicts as values."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from featurewatch import promtool_output
from featurewatch.faults import Failure, Verdict
from featurewatch.promtool_output import Block
from featurewatch.tools.catalogue import PROMTOOL
from featurewatch.tools.versions import Version, printed

TIMEOUT = 120.0
"""Seconds for one call."""

FILES = 12
"""Test files of one call: the time limit is for as many, however many there are."""

COLLECTING = {"GOGC": "400"}
"""promtool's garbage is collected less often: a third less processor time for some dozens of megabytes."""


def cores() -> int:
    """Processors that this process may use: so many calls are made at the same time, where there are more files."""
    return len(os.sched_getaffinity(0))


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
        batches = [files[begin : begin + FILES] for begin in range(0, len(files), FILES)]
        if len(batches) < 2:
            return self._run(["test", "rules"], files)
        with ThreadPoolExecutor(cores()) as pool:
            verdicts = list(pool.map(lambda batch: self._run(["test", "rules"], batch), batches))
        faults = tuple(fault for verdict in verdicts for fault in verdict.faults)
        return Verdict(faults, "".join(verdict.output for verdict in verdicts))

    def check_config(self, file: Path, *, alone: bool = False) -> Verdict:
        """Would Prometheus start with this configuration and the files it names? `alone`: without looking at those."""
        return self._run(["check", "config", *(("--syntax-only",) if alone else ())], [file])

    def check_web_config(self, file: Path) -> Verdict:
        """Could Prometheus, or Alertmanager, serve HTTPS with this `web.yaml` and the files it names?"""
        return self._run(["check", "web-config"], [file])

    def check_metrics(self, exposition: str) -> Verdict:
        """Does the text of a /metrics endpoint follow the conventions?"""
        verdict = self._run(["check", "metrics"], [], text=exposition)
        return Verdict(promtool_output.of_metrics(verdict.output, exposition) if verdict.faults else (), verdict.output)

    def tsdb_create(self, openmetrics: Path, folder: Path) -> Verdict:
        """Write the samples of an OpenMetrics file, with time stamps, as blocks into a folder of Prometheus' data."""
        arguments = ["tsdb", "create-blocks-from", "openmetrics", "--quiet", os.fspath(openmetrics)]
        verdict = self._run(arguments, [folder])
        if not verdict.faults:
            return verdict
        text = openmetrics.read_text(encoding="utf-8", errors="replace") if openmetrics.is_file() else ""
        return Verdict(promtool_output.of_samples(verdict.output, os.fspath(openmetrics), text), verdict.output)

    def tsdb_list(self, folder: Path) -> tuple[Block, ...]:
        """The blocks of a folder of Prometheus' data. Raises `PromtoolError` where it is none."""
        verdict = self._run(["tsdb", "list"], [folder])
        if verdict.faults:
            raise PromtoolError(f"promtool tsdb list: {folder}: {verdict.output.strip().splitlines()[-1]}")
        return promtool_output.blocks(verdict.output)

    def version(self) -> Version:
        """What it says of itself."""
        code, output = self._call("promtool --version", ["--version"], "")
        found = printed("promtool", output)
        if code != 0 or found is None:
            raise PromtoolError(f"promtool --version: {self.binary} is no promtool; run `make tools`")
        return found

    def require(self, minimum: Version = PROMTOOL.minimum) -> None:
        """Raises `PromtoolError` when it is older: it would find fault with what is right."""
        version = self.version()
        if version < minimum:
            remedy = f"needs {minimum} or newer; run `make tools`"
            raise PromtoolError(f"promtool: {self.binary} is too old, {version}; featurewatch {remedy}")

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
                env={**COLLECTING, **os.environ},
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
