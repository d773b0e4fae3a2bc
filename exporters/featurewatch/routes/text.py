"""Alertmanager's configuration as a file that explains itself. Deterministic."""

from __future__ import annotations

from collections.abc import Mapping

from featurewatch.yaml_text import dump

HEADER = """\
Made from objectives.yaml by `make generate`: change that file, not this one.
Needs Alertmanager 0.30 or newer, started in this folder: the paths of secrets are relative to it."""

COMMENTS = {
    "global": "How the channels are reached. Each secret is a file; its content is never written here.",
    "templates": "The words of all messages.",
    "time_intervals": (
        "When a route is active: the declared calendar, and who has a rotation when.\n"
        "For what lies outside a rotation's plan, all its people are on duty."
    ),
    "route": (
        "Who is told: the receiver has the name of the severity, the first matching route decides.\n"
        "Watchdog always fires; what listens for its silence is not a person. The responder, where there is one, gets\n"
        "everything. Severity none is for machines. Escalation levels go to the people of their level.\n"
        "The last route takes what has no severity or one that is not ours, so that a mistyped rule is still heard."
    ),
    "receivers": "Each channel also says when an alert has ended (not Alertmanager's default for Slack and mail).",
    "inhibit_rules": (
        "The more severe step of a ladder silences the less severe one of the same objective, service and extractor.\n"
        "Its bound lies farther out over the same window, so it never lasts longer than what it silences; otherwise\n"
        "the end of a silenced alert would never be told. So IncidentMember ends with its member."
    ),
}
"""What is said above each section."""


def render(config: Mapping[str, object]) -> str:
    """The text of alertmanager.yaml."""
    sections = [dump({key: value}, COMMENTS.get(key, "")) for key, value in config.items()]
    return "\n".join([_comment(HEADER), *sections])


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())
