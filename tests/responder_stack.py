"""A responder with a real Alertmanager and a real Prometheus beside it, for tests of its whole API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from tests import running_prometheus
from tests.conftest import CHECKOUT
from tests.routing import running_alertmanager
from tests.running_responder import running

from featurewatch.native.ports import free_port
from featurewatch.responder.database import Database, open_database
from featurewatch.responder.service import create_app
from featurewatch.responder.settings import Settings
from featurewatch.responder.tokens import Bearer, Role
from featurewatch.tools.toolbox import Tools

TOKENS = {role: f"the-token-of-a-{role}" for role in Role}

ALERTMANAGER = "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n"

RULES = {
    "groups": [
        {
            "name": "measured",
            "rules": [
                {"record": "service:up:max", "expr": "vector(1)", "labels": {"service": "market-features"}},
                {"record": "service:health:score", "expr": "vector(88)", "labels": {"service": "market-features"}},
                {
                    "record": "service_extractor:health:score",
                    "expr": "vector(97)",
                    "labels": {"service": "market-features", "extractor": "technical"},
                },
            ],
        }
    ]
}
"""Values as the rules would record them, without an extractor that runs."""


@dataclass(frozen=True)
class Stack:
    database: Database
    client: httpx.Client
    """Calls as an operator."""
    prometheus: str
    alertmanager: str


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def stack(
    tools: Tools,
    folder: Path,
    clock: Callable[[], datetime] = now,
    objectives: Path = CHECKOUT / "objectives.yaml",
    repair_seconds: float = 2.0,
) -> Iterator[Stack]:
    """All three, until the end of the block."""
    (folder / "alertmanager.yaml").write_text(ALERTMANAGER)
    database = open_database(f"sqlite:///{folder / 'history.db'}")
    targets = {"nobody": (f"127.0.0.1:{free_port()}", {"service": "market-features"})}
    with (
        running_prometheus.prometheus(tools.prometheus.path, folder, targets, {"measured": RULES}) as prometheus,
        running_alertmanager(tools, folder / "alertmanager.yaml") as alertmanager,
    ):
        settings = Settings(
            database="",
            tokens={token: Bearer(f"some-{role}", role) for role, token in TOKENS.items()},
            alertmanager=alertmanager.url,
            prometheus=prometheus,
            objectives=objectives,
            repair_seconds=repair_seconds,
            requests_per_second=10_000,
            audit_key=bytes(range(32)),
            audit_anchor=folder / "anchor",
        )
        app = create_app(settings, database=database, clock=clock)
        with running(app, TOKENS[Role.OPERATOR]) as client:
            yield Stack(database, client, prometheus, alertmanager.url)
    database.close()


def bearing(role: Role) -> dict[str, str]:
    """The header of a caller with this role."""
    return {"authorization": f"Bearer {TOKENS[role]}"}
