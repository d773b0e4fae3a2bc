"""`python -m featurewatch.demo.inbox`: runs the inbox until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import sys

from featurewatch.demo.inbox.service import Started, serve
from featurewatch.demo.inbox.settings import SettingsError, from_command_line


def main() -> int:
    """0 after an orderly stop, 2 if the settings cannot be used."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(serve(from_command_line(), _announce))
    except SettingsError as error:
        sys.stderr.write(f"inbox: {error}\n")
        return 2
    return 0


def _announce(started: Started) -> None:
    sys.stdout.write(f"inbox: mail on {started.smtp}, page and endpoints on {started.http}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
