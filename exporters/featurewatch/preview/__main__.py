"""`python -m featurewatch.preview`: shows the dashboards until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import sys

from featurewatch.preview.serving import serve
from featurewatch.preview.settings import SettingsError, from_command_line


def main() -> int:
    """0 after an orderly stop, 2 if the settings cannot be used."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        asyncio.run(serve(from_command_line(), _announce))
    except SettingsError as error:
        sys.stderr.write(f"preview: {error}\n")
        return 2
    return 0


def _announce(url: str) -> None:
    sys.stdout.write(f"preview: {url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
