"""amtool, called with a time limit in the folder of the configuration, its verdicts as values."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from featurewatch.faults import Failure, Fault, Verdict

TIMEOUT = 20.0
"""Seconds; it needs a few hundredths of one."""


class AmtoolError(Failure):
    """amtool itself could not do its work: missing, killed, crashed, or too slow. Says which and what to do."""


@dataclass(frozen=True, slots=True)
class Routed:
    """Where an alert with certain labels goes."""

    receivers: tuple[str, ...]
    as_expected: bool
    """Whether these are the receivers asked for; True where none were."""


@dataclass(frozen=True, slots=True)
class Amtool:
    """One amtool binary."""

    binary: Path
    timeout: float = TIMEOUT

    def check_config(self, file: Path) -> Verdict:
        """Would Alertmanager start with this configuration and its templates?

        It does not look whether the files with the secrets are there; `featurewatch.routes.secrets` does.
        """
        code, output = self._run(["check-config", file.name], file.parent)
        if code == 0:
            return Verdict((), output)
        complaint = " ".join(line.strip() for line in output.splitlines() if "FAILED" in line or "line " in line)
        what = complaint.partition("FAILED:")[2].strip() or complaint or output.strip()
        return Verdict((Fault(os.fspath(file), 0, 0, what, "found by amtool check-config"),), output)

    def route(self, config: Path, labels: Mapping[str, str], expected: Sequence[str] = ()) -> Routed:
        """To which receivers does an alert with these labels go? With `expected`, amtool compares them itself."""
        verify = [f"--verify.receivers={','.join(expected)}"] if expected else []
        command = ["config", "routes", "test", f"--config.file={config.name}", *verify, "--"]
        # Quoted as in a matcher, so that no value is taken for syntax.
        quoted = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items()]
        code, output = self._run([*command, *quoted], config.parent)
        first, _, rest = output.partition("\n")
        if code != 0 and "did not match" not in rest:
            raise AmtoolError(f"amtool config routes test: {output.strip()}")
        return Routed(tuple(name for name in first.strip().split(",") if name), code == 0)

    def _run(self, arguments: list[str], folder: Path) -> tuple[int, str]:
        """Exit status (0 or 1) and all it said."""
        what = f"amtool {' '.join(word for word in arguments[:3] if word.isalpha() or word == 'check-config')}"
        # Its own settings, in the home folder, could point it at some running Alertmanager.
        environment = {**os.environ, "HOME": "/nonexistent"}
        try:
            done = subprocess.run(  # noqa: S603 - a binary we located, no shell
                [os.fspath(self.binary.absolute()), *arguments],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self.timeout,
                check=False,
            )
        except FileNotFoundError as error:
            missing = folder if not folder.is_dir() else self.binary
            raise AmtoolError(f"{what}: {missing} is not there; run `make tools`") from error
        except PermissionError as error:
            raise AmtoolError(f"{what}: {self.binary} may not be executed; chmod +x it") from error
        except subprocess.TimeoutExpired as error:
            raise AmtoolError(f"{what}: no answer within {self.timeout:g} s; it was stopped") from error
        said = [line for line in done.stderr.splitlines() if "flag overrides" not in line]
        output = "\n".join([*done.stdout.splitlines(), *said])
        if done.returncode < 0:
            raise AmtoolError(f"{what}: killed by signal {-done.returncode}")
        if done.returncode > 1:
            # Go programs end with 2 when they crash; some settings that look valid do that to amtool.
            crash = next((line for line in done.stderr.splitlines() if line.startswith("panic:")), output.strip()[:200])
            raise AmtoolError(f"{what}: crashed ({crash}); the configuration could not be judged, so do not use it")
        return done.returncode, output
