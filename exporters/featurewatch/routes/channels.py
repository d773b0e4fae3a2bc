"""How one receiver speaks to one channel. All words stand in alertmanager/templates; here only their names."""

from __future__ import annotations

from featurewatch.objectives.handling import Responder
from featurewatch.objectives.model import Channel, Email, Notify, Tls

CONFIG_KEYS: dict[Channel, str] = {
    "pagerduty": "pagerduty_configs",
    "slack": "slack_configs",
    "email": "email_configs",
    "webhook": "webhook_configs",
}
"""Where a receiver of Alertmanager keeps each channel."""

TIMEOUT = "3s"
"""One attempt. Alertmanager tries for at least 10 s per message; an endpoint that hangs must not take all of them,
or one that answers again after a moment would have to wait for the next round."""

MAX_ALERTS = 200
"""Alerts in one webhook message; the rest is counted in `truncatedAlerts`."""

NOTIFICATIONS = "/api/v1/notifications"
"""Where the responder takes Alertmanager's messages."""

_SHARED_DETAILS = (
    *("alertname", "severity", "service", "extractors", "environment", "team", "objective"),
    *("first_steps", "runbook", "dashboard", "acknowledge", "correlation_id", "recipients"),
)
_OWN_DETAILS = ("value", "limit", "since", "firing", "resolved")
"""What PagerDuty shows below an incident. `firing` and `resolved` replace Alertmanager's own, which are JSON."""


def literal(text: str) -> str:
    """`text` where Alertmanager expects a template."""
    return text.replace("{{", '{{ "{{" }}')


def template(name: str) -> str:
    return f'{{{{ template "featurewatch.{name}" . }}}}'


def settings(notify: Notify, also: frozenset[Channel] = frozenset()) -> dict[str, object]:
    """The section `global`: what all receivers share. Empty without any channel that has something to share. `also`
    names channels that are used beside those of the severities."""
    shared: dict[str, object] = {}
    used = {channel for channels in notify.channels.values() for channel in channels} | also
    if notify.email and "email" in used:
        shared |= _smtp(notify.email)
    if notify.slack and "slack" in used:
        shared["slack_api_url_file"] = notify.slack.api_url_file
    if notify.pagerduty and notify.pagerduty.url and "pagerduty" in used:
        shared["pagerduty_url"] = notify.pagerduty.url
    return shared


def channel_config(channel: Channel, notify: Notify) -> dict[str, object]:
    """One entry below the receiver's key for this channel. The channel must be set up (the loader sees to it)."""
    match channel:
        case "pagerduty" if notify.pagerduty:
            return _pagerduty(notify.pagerduty.routing_key_file)
        case "slack" if notify.slack:
            return _slack(notify.slack.channel)
        case "email" if notify.email:
            return _email(notify.email.to)
        case "webhook" if notify.webhook:
            url_file = notify.webhook.url_file
            return {"send_resolved": True, "url_file": url_file, "max_alerts": MAX_ALERTS, "timeout": TIMEOUT}
    raise ValueError(f"notify.{channel} is used by a severity but not set up; add notify.{channel}")


def responder(declared: Responder, tls: Tls | None = None) -> dict[str, object]:
    """Everything, in as many messages as there are groups. It answers only after it has written down what it got, so
    what it could not take is sent again."""
    return {
        "webhook_configs": [
            {
                "send_resolved": True,
                "url": f"{declared.url}{NOTIFICATIONS}",
                "max_alerts": 0,
                "http_config": {
                    "authorization": {"type": "Bearer", "credentials_file": declared.token_file},
                    "follow_redirects": False,
                    **({"tls_config": {"ca_file": tls.ca_file}} if tls is not None else {}),
                },
            }
        ]
    }


def _smtp(email: Email) -> dict[str, object]:
    shared: dict[str, object] = {
        "smtp_smarthost": email.smarthost,
        "smtp_from": literal(email.sender),
        "smtp_require_tls": email.require_tls,
    }
    if email.username is not None and email.password_file is not None:
        shared["smtp_auth_username"] = email.username
        shared["smtp_auth_password_file"] = email.password_file
    return shared


def _pagerduty(routing_key_file: str) -> dict[str, object]:
    return {
        "send_resolved": True,
        "routing_key_file": routing_key_file,
        "timeout": TIMEOUT,
        "severity": template("pagerduty.severity"),
        "description": template("headline"),
        "source": template("service"),
        "class": template("alertname"),
        "component": template("extractors"),
        "group": template("service"),
        "client": "featurewatch",
        "client_url": template("dashboard"),
        "links": [
            {"href": template("runbook"), "text": "Runbook"},
            {"href": template("dashboard"), "text": "Dashboard"},
            {"href": template("acknowledge"), "text": "Acknowledge"},
        ],
        "details": {
            **{name: _text(template(name)) for name in _SHARED_DETAILS},
            **{name: _text(template(f"pagerduty.{name}")) for name in _OWN_DETAILS},
        },
    }


def _text(rendered: str) -> str:
    """A detail that stays text. Alertmanager reads the finished value as YAML where it can, and what it finds within as
    templates: a label `x: y {{ … }}` would be a program. No YAML begins with a tab; PagerDuty shows none."""
    return '{{ "\\t" }}' + rendered


def _slack(channel: str) -> dict[str, object]:
    return {
        "send_resolved": True,
        "channel": literal(channel),
        "timeout": TIMEOUT,
        "color": template("slack.color"),
        "title": template("slack.title"),
        "title_link": template("dashboard"),
        "text": template("slack.text"),
        "fallback": template("slack.fallback"),
        # Formatting is switched off in the text (it is on only in the `pretext`, which is empty): a `*` or `_` of a
        # label stays what it is. Links keep working.
        "mrkdwn_in": ["pretext"],
        "short_fields": True,
        "fields": [
            {"title": "Severity", "value": template("slack.severity")},
            {"title": "Service", "value": template("slack.service")},
            {"title": "Environment", "value": template("slack.environment")},
            {"title": "Team", "value": template("slack.team")},
        ],
    }


def _email(to: tuple[str, ...]) -> dict[str, object]:
    return {
        "send_resolved": True,
        "to": literal(", ".join(to)),
        "headers": {
            "Subject": template("headline"),
            "X-Featurewatch-Alerts": template("alertname"),
            "X-Featurewatch-Status": template("status"),
            "X-Featurewatch-Severity": template("severity"),
            "X-Featurewatch-Service": template("service"),
            "X-Featurewatch-Correlation": template("correlation_id"),
        },
        # Firing and resolved of one group lie in one thread.
        "threading": {"enabled": True, "thread_by_date": "daily"},
        "text": template("email.text"),
        "html": template("email.html"),
    }
