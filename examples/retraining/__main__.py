"""`python -m examples.retraining`: the model behind its hook, with a past that is replayed from its middle on."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from featurewatch.responder.repair.retraining import Limits, create_app, open_database

from .model import Volatility


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="retraining", description="A model that is retrained behind a hook.")
    parser.add_argument("--port", type=int, default=8095)
    parser.add_argument("--folder", type=Path, default=Path(".featurewatch/data/retraining"))
    parser.add_argument("--token-file", type=Path, required=True, help="what callers must show")
    parser.add_argument("--sessions-per-second", type=float, default=1.0, help="how fast the past is replayed")
    parser.add_argument("--may-deploy", action="store_true", help="a wish may have its result deployed at once")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()

    def seen(sessions: int) -> int:
        return sessions // 2 + int((time.monotonic() - began) * chosen.sessions_per_second)

    model = Volatility(chosen.folder / "versions", seen)
    database = open_database(f"sqlite:///{(chosen.folder / 'jobs.db').absolute()}")
    limits = Limits(may_deploy=chosen.may_deploy)
    try:
        app = create_app({"volatility": model}, database, chosen.token_file.read_text().strip(), limits)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"retraining: {error}\n")
        return 2
    uvicorn.run(app, host="127.0.0.1", port=chosen.port, access_log=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
