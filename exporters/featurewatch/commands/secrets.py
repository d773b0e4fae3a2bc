"""The demo's secrets: made up for the local inbox, and only where the deployment is the demo."""

from __future__ import annotations

from featurewatch.project import Project
from featurewatch.routes.demo_secrets import write_demo_secrets
from featurewatch.rules.plan import Plan

DEMO = "demo"
"""The `environment` in objectives.yaml for which missing secrets are made up."""

INBOX = "http://inbox:8025"
"""As all committed files name it; a native run puts in its place where the inbox really listens."""


def ensure_demo_secrets(project: Project, plan: Plan) -> None:
    """Write what is missing, if this is the demo; a real deployment's missing secret stays missing, and is told."""
    if plan.objectives.environment == DEMO:
        write_demo_secrets(project.secrets, INBOX)
