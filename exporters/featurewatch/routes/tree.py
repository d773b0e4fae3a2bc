"""The whole of Alertmanager's configuration, as the plain content of its file."""

from __future__ import annotations

from featurewatch import names
from featurewatch.objectives.handling import Handling
from featurewatch.objectives.model import Notify, Severity, Tls
from featurewatch.objectives.units import duration_text
from featurewatch.routes import channels, inhibition, levels, times
from featurewatch.rules.correlation import INCIDENT_MEMBER, SILENT
from featurewatch.rules.plan import Plan

MINIMUM_ALERTMANAGER = (0, 30)
"""The oldest Alertmanager that reads this file: named inhibit rules and time limits per channel came with 0.30."""

NOBODY = "nobody"
"""The receiver without a channel."""

RESPONDER = "responder"
"""The receiver that gets everything, when the responder is declared."""

WATCHDOG = "Watchdog"

WATCHDOG_INTERVAL = 60.0
"""Seconds between two signs of life for the responder, which waits for them."""

GROUP_BY = ("alertname", names.SERVICE, names.SEVERITY, "environment")
"""One message, one PagerDuty incident and one thread of mails per alert, severity and service: many extractors of one
service that get slow together are one piece of news, two services never are."""

TEMPLATES = "templates/*.tmpl"
"""Relative to the folder of the configuration."""


def alertmanager_config(plan: Plan) -> dict[str, object]:
    """What alertmanager.yaml holds. Paths of secrets stay as declared: relative to Alertmanager's working directory,
    which is the folder of this file."""
    notify, handling = plan.objectives.notify, plan.objectives.handling
    shared = channels.settings(notify, levels.channels_used(handling))
    intervals = times.time_intervals(handling, levels.roles_used(handling))
    return {
        **({"global": shared} if shared else {}),
        "templates": [TEMPLATES],
        **({"time_intervals": intervals} if intervals else {}),
        "route": _route(plan),
        "receivers": _receivers(notify, handling, plan.objectives.tls),
        "inhibit_rules": [
            *(inhibition.rendered(rule) for rule in inhibition.inhibitions(plan)),
            *inhibition.of_incidents(plan),
        ],
    }


def is_heard(severity: Severity, notify: Notify, handling: Handling) -> bool:
    """Whether anybody is told of this severity."""
    more = any(severity in receiver.severities for receiver in handling.receivers)
    return bool(notify.channels.get(severity)) or more


def receiver_of(severity: Severity, notify: Notify, handling: Handling) -> str:
    return str(severity) if is_heard(severity, notify, handling) else NOBODY


def receiver_of_unknown(notify: Notify, handling: Handling) -> str:
    """Who gets an alert whose severity is none of ours, or has none: a typing error in a rule must not silence it.

    Somebody should look now, nobody needs to be woken: `high`; where that has no channel, the next louder, else the
    next quieter one.
    """
    order = (Severity.HIGH, Severity.CRITICAL, Severity.MEDIUM, Severity.LOW)
    return next((str(severity) for severity in order if is_heard(severity, notify, handling)), NOBODY)


def _route(plan: Plan) -> dict[str, object]:
    timing, notify, handling = plan.timing, plan.objectives.notify, plan.objectives.handling
    by_severity = [
        {
            "matchers": [f'{names.SEVERITY}="{severity}"'],
            "receiver": receiver_of(severity, notify, handling),
            **times.limits(handling, severity),
        }
        for severity in sorted(Severity, reverse=True)
    ]
    silent = f'{names.SEVERITY}="{SILENT}"'
    watchdog: dict[str, object] = {"matchers": [f'alertname="{WATCHDOG}"', silent], "receiver": NOBODY}
    everything: list[dict[str, object]] = []
    if handling.responder is not None:
        told = {"receiver": RESPONDER, "group_interval": duration_text(timing.record_interval)}
        watchdog |= {**told, "repeat_interval": duration_text(WATCHDOG_INTERVAL)}
        everything = [{**told, "continue": True}]
    return {
        "receiver": NOBODY,
        "group_by": list(GROUP_BY),
        "group_wait": duration_text(timing.group_wait),
        "group_interval": duration_text(timing.group_interval),
        "repeat_interval": duration_text(timing.repeat_interval),
        "routes": [
            watchdog,
            *everything,
            {"matchers": [f'alertname="{INCIDENT_MEMBER}"', silent], "receiver": NOBODY},
            *levels.routes(handling, NOBODY),
            *by_severity,
            {"receiver": receiver_of_unknown(notify, handling)},
        ],
    }


def _receivers(notify: Notify, handling: Handling, tls: Tls | None) -> list[dict[str, object]]:
    receivers: list[dict[str, object]] = [{"name": NOBODY}]
    if handling.responder is not None:
        receivers.append({"name": RESPONDER, **channels.responder(handling.responder, tls)})
    heard = [severity for severity in sorted(Severity, reverse=True) if is_heard(severity, notify, handling)]
    receivers += [{"name": str(severity), **_configs(severity, notify, handling)} for severity in heard]
    receivers += levels.receivers(handling, notify)
    return receivers


def _configs(severity: Severity, notify: Notify, handling: Handling) -> dict[str, list[object]]:
    """The declared channels, and further receivers as they were written."""
    declared = dict.fromkeys(notify.channels.get(severity, ()))
    configs: dict[str, list[object]] = {
        channels.CONFIG_KEYS[name]: [channels.channel_config(name, notify)] for name in declared
    }
    for receiver in handling.receivers:
        if severity in receiver.severities:
            configs.setdefault(receiver.block, []).append(dict(receiver.settings))
    return configs
