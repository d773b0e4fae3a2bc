"""The whole of Alertmanager's configuration, as the plain content of its file."""

from __future__ import annotations

from featurewatch import names
from featurewatch.objectives.model import Notify, Severity
from featurewatch.objectives.units import duration_text
from featurewatch.routes import channels, inhibition
from featurewatch.rules.plan import Plan

MINIMUM_ALERTMANAGER = (0, 30)
"""The oldest Alertmanager that reads this file: named inhibit rules and time limits per channel came with 0.30."""

NOBODY = "nobody"
"""The receiver without a channel."""

WATCHDOG = "Watchdog"

GROUP_BY = ("alertname", names.SERVICE, names.SEVERITY, "environment")
"""One message, one PagerDuty incident and one thread of mails per alert, severity and service: many extractors of one
service that get slow together are one piece of news, two services never are."""

TEMPLATES = "templates/*.tmpl"
"""Relative to the folder of the configuration."""


def alertmanager_config(plan: Plan) -> dict[str, object]:
    """What alertmanager.yaml holds. Paths of secrets stay as declared: relative to Alertmanager's working directory,
    which is the folder of this file."""
    notify = plan.objectives.notify
    shared = channels.settings(notify)
    return {
        **({"global": shared} if shared else {}),
        "templates": [TEMPLATES],
        "route": _route(plan),
        "receivers": _receivers(notify),
        "inhibit_rules": [inhibition.rendered(rule) for rule in inhibition.inhibitions(plan)],
    }


def receiver_of(severity: Severity, notify: Notify) -> str:
    return str(severity) if notify.channels.get(severity) else NOBODY


def receiver_of_unknown(notify: Notify) -> str:
    """Who gets an alert whose severity is none of ours, or has none: a typing error in a rule must not silence it.

    Somebody should look now, nobody needs to be woken: `high`; where that has no channel, the next louder, else the
    next quieter one.
    """
    order = (Severity.HIGH, Severity.CRITICAL, Severity.MEDIUM, Severity.LOW)
    return next((str(severity) for severity in order if notify.channels.get(severity)), NOBODY)


def _route(plan: Plan) -> dict[str, object]:
    timing, notify = plan.timing, plan.objectives.notify
    by_severity = [
        {"matchers": [f'{names.SEVERITY}="{severity}"'], "receiver": receiver_of(severity, notify)}
        for severity in sorted(Severity, reverse=True)
    ]
    return {
        "receiver": NOBODY,
        "group_by": list(GROUP_BY),
        "group_wait": duration_text(timing.group_wait),
        "group_interval": duration_text(timing.group_interval),
        "repeat_interval": duration_text(timing.repeat_interval),
        "routes": [
            {"matchers": [f'alertname="{WATCHDOG}"', f'{names.SEVERITY}="none"'], "receiver": NOBODY},
            *by_severity,
            {"receiver": receiver_of_unknown(notify)},
        ],
    }


def _receivers(notify: Notify) -> list[dict[str, object]]:
    receivers: list[dict[str, object]] = [{"name": NOBODY}]
    for severity in sorted(Severity, reverse=True):
        declared = dict.fromkeys(notify.channels.get(severity, ()))
        if declared:
            configs = {channels.CONFIG_KEYS[name]: [channels.channel_config(name, notify)] for name in declared}
            receivers.append({"name": str(severity), **configs})
    return receivers
