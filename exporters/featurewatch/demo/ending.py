"""How what a story has started ends with it."""

from __future__ import annotations

import subprocess


def end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Close its input and tell it to end; kill it after so long, or where we are interrupted meanwhile."""
    if process.stdin is not None:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(seconds)
    except BaseException as error:
        process.kill()
        process.wait()
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
