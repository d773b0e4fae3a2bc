"""Settings that amtool accepts or dies on, and with which no message would arrive. Looked at before amtool is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from featurewatch.faults import Fault

PAGERDUTY_SEVERITIES = frozenset({"critical", "error", "warning", "info"})

POST_MESSAGE = "https://slack.com/api/chat.postMessage"
"""The only address of Slack that says which message it wrote, so that a later one can replace it."""


def check(file: Path) -> tuple[Fault, ...]:
    """Faults of a configuration of Alertmanager."""
    try:
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError:
        return ()  # amtool says so, and where
    if not isinstance(config, dict):
        return ()  # amtool says so
    return tuple(
        Fault(str(file), 0, 0, what, remedy)
        for receiver in config.get("receivers") or ()
        for what, remedy in (*_slack(receiver, config.get("global") or {}), *_pagerduty(receiver))
    ) + tuple(Fault(str(file), 0, 0, what, remedy) for what, remedy in _both_ways(config.get("global") or {}))


def _both_ways(shared: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    hooks = [key for key in ("slack_api_url", "slack_api_url_file") if shared.get(key)]
    tokens = [key for key in ("slack_app_token", "slack_app_token_file") if shared.get(key)]
    if hooks and tokens:
        yield f"global: {hooks[0]} and {tokens[0]}, with which amtool crashes", "keep one of them"


def _slack(receiver: Mapping[str, Any], shared: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for slack in receiver.get("slack_configs") or ():
        if not slack.get("update_message"):
            continue
        where = f"receiver {receiver.get('name')}: slack update_message"
        both = {**shared, **{f"slack_{key}": value for key, value in slack.items()}}
        if not (both.get("slack_app_token") or both.get("slack_app_token_file") or _bearer(slack)):
            yield f"{where} without a bot token", "set app_token_file; an incoming webhook cannot change a message"
        address = slack.get("api_url") or slack.get("app_url") or shared.get("slack_app_url") or POST_MESSAGE
        if slack.get("api_url_file") or address != POST_MESSAGE:
            yield f"{where} to another address than {POST_MESSAGE}", "leave api_url and api_url_file out"


def _bearer(slack: Mapping[str, Any]) -> bool:
    authorization = (slack.get("http_config") or {}).get("authorization") or {}
    return bool(authorization.get("credentials") or authorization.get("credentials_file"))


def _pagerduty(receiver: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for pagerduty in receiver.get("pagerduty_configs") or ():
        where = f"receiver {receiver.get('name')}: pagerduty"
        severity = str(pagerduty.get("severity", "error"))
        if "{{" not in severity and severity not in PAGERDUTY_SEVERITIES:
            yield f"{where} severity {severity!r}", f"one of {', '.join(sorted(PAGERDUTY_SEVERITIES))}"
        if "{{" in severity and "featurewatch.pagerduty.severity" not in severity:
            yield f"{where} severity from another template", "use featurewatch.pagerduty.severity, which knows the four"
