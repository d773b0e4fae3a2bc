"""`python -m featurewatch.demo.tethered MODULE ARGUMENTS…`: as `python -m MODULE ARGUMENTS…`, and told to end as soon
as its standard input does.

So what a story has started ends with it, even if that is killed: its end of the pipe is closed then.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def main() -> None:
    module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    # One that does not listen any more is not waited for: nobody is there to do so.
    threading.Thread(target=_end_with_input, args=(os.dup(0),), daemon=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with_input(handle: int) -> None:
    while os.read(handle, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
