"""Puts repair together: from settings and objectives.yaml to rounds, metrics and what the API asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from featurewatch.objectives.repair import Action
from featurewatch.responder.anchor import Anchor
from featurewatch.responder.audit import Audit
from featurewatch.responder.database import Database
from featurewatch.responder.declared import Declared
from featurewatch.responder.repair import targets
from featurewatch.responder.repair.engine import Engine
from featurewatch.responder.repair.figures import Figures
from featurewatch.responder.repair.ledger import Ledger
from featurewatch.responder.repair.verification import Verifier
from featurewatch.responder.rounds import Round
from featurewatch.responder.settings import Settings


@dataclass(frozen=True, slots=True)
class Repair:
    """Everything about repair in one responder."""

    ledger: Ledger
    actions: Callable[[], Sequence[Action]]
    """As they are declared now. Raises NothingDeclared."""
    verifier: Verifier
    figures: Figures
    rounds: tuple[Round, ...]


def repair(settings: Settings, database: Database, clock: Callable[[], datetime]) -> Repair | None:
    """None: this responder repairs nothing, because nobody gave it a key for the audit."""
    if settings.audit_key is None or settings.audit_anchor is None:
        return None
    ledger = Ledger(database, Audit(settings.audit_key), Anchor(settings.audit_anchor), clock)
    declared = Declared(settings.objectives)

    def actions() -> Sequence[Action]:
        return declared.plan().objectives.handling.actions

    verifier = Verifier(ledger)
    engine = Engine(ledger, actions, lambda target: targets.made(target, settings.secrets), settings.lease)
    figures = Figures(ledger, actions, verifier)
    rounds = (engine.round(settings.repair_seconds), verifier.round(settings.audit_seconds))
    return Repair(ledger, actions, verifier, figures, rounds)
