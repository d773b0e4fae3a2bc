"""Slack, as far as Alertmanager speaks to it: incoming webhooks, and `chat.postMessage`.

Errors and their texts are those of "Sending messages using incoming webhooks" (docs.slack.dev, section "Handling
errors"), their statuses those of the changelog entry "Improving error conditions for Incoming Webhooks" (2016-05-17);
where neither gives a status, it is the class of the cause (404 for what does not exist, 403 for a wrong token, 400 for
a wrong message). `chat.postMessage` always answers 200 and says `ok: false` (docs.slack.dev, "chat.postMessage").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from featurewatch import names
from featurewatch.demo.inbox.answer import Answer, read_json
from featurewatch.demo.inbox.message import Message, clean
from featurewatch.demo.inbox.recognition import recognise

MAX_ATTACHMENTS: Final = 100
"""`too_many_attachments`: more than 100 in one message."""

MAX_BLOCKS: Final = 50
"""docs.slack.dev, "Blocks": up to 50 blocks in a message."""

_STATUS: Final[Mapping[str, int]] = {
    "invalid_payload": 400,
    "no_text": 400,
    "too_many_attachments": 400,
    "invalid_blocks": 400,
    "invalid_token": 403,
    "no_team": 404,
    "no_service": 404,
    "channel_not_found": 404,
}
_FILE_PATH: Final = re.compile(r"/services/([^/]+)/([^/]+)/([^/]+)")
_LINK: Final = re.compile(r"<(https?://[^|<>\s]{1,2000})\|([^<>\n]{1,200})>")
_ATTACHMENT_TEXT: Final = ("pretext", "title", "text", "fallback")
_ATTACHMENT_CONTENT: Final = (*_ATTACHMENT_TEXT, "fields", "actions", "blocks", "image_url", "thumb_url", "footer")


@dataclass(frozen=True)
class Workspace:
    """The one Slack workspace that exists here. Empty fields accept anything of the right shape."""

    team: str = ""
    service: str = ""
    token: str = ""
    channels: frozenset[str] = frozenset()
    """Channels that exist, without `#`; empty: all do."""
    bot_token: str = ""

    @classmethod
    def from_url(cls, url: str, channels: frozenset[str] = frozenset()) -> Workspace:
        """The workspace whose webhook `url` is (the content of Alertmanager's `slack_api_url_file`)."""
        found = _FILE_PATH.fullmatch(urlsplit(url.strip()).path)
        if found is None:
            raise ValueError("not the URL of a Slack webhook; expected …/services/T…/B…/…")
        return cls(found[1], found[2], found[3], channels)

    def path_error(self, path: str) -> str:
        """The error for what follows `/services/`, empty if the webhook exists."""
        team, service, token = (*path.split("/", 2), "", "")[:3]
        for given, wanted, shape, error in (
            (team, self.team, r"T[A-Za-z0-9]+", "no_team"),
            (service, self.service, r"B[A-Za-z0-9]+", "no_service"),
            (token, self.token, r"[A-Za-z0-9_-]+", "invalid_token"),
        ):
            if (wanted and given != wanted) or not re.fullmatch(shape, given):
                return error
        return ""


def answer_webhook(workspace: Workspace, path: str, content_type: str, body: bytes) -> Answer:
    """What Slack answers to a POST to an incoming webhook: `ok`, or a status with the error as plain text."""
    error, payload = _read(content_type, body)
    message = _message(payload)
    error = workspace.path_error(path) or error or _payload_error(workspace, payload)
    if error:
        return Answer(message=message, status=_STATUS[error], body=error, reason=error)
    return Answer(message=message, body="ok")


def answer_post_message(workspace: Workspace, authorization: str, content_type: str, body: bytes) -> Answer:
    """What Slack answers to `chat.postMessage`: 200 with `ok` true or false, as JSON."""
    error, payload = _read(content_type, body)
    message = _message(payload)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        error = "not_authed"
    elif (workspace.bot_token and token.strip() != workspace.bot_token) or not token.strip().startswith("xox"):
        error = "invalid_auth"
    elif error:
        error = "invalid_json"
    elif not payload.get("channel"):
        error = "channel_not_found"
    else:
        error = _payload_error(workspace, payload)
    said = {"ok": False, "error": error} if error else {"ok": True, "channel": payload["channel"], "ts": "0.000001"}
    return Answer(message=message, body=json.dumps(said), media_type="application/json", reason=error)


def shown(text: str) -> str:
    """`text` as Slack shows it ("Formatting message text"): links by name and address, the three escapes undone."""
    named = _LINK.sub(r"\2: \1", text)
    return named.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def rate_limited(answer: Answer, retry_after: float) -> Answer:
    """A 429 as Slack's webhooks give it: JSON, with `Retry-After` (docs.slack.dev, "Rate limits")."""
    said = {"retry_after": retry_after, "ok": False, "error": "rate_limited"}
    return replace(answer, status=429, body=json.dumps(said), media_type="application/json")


def _read(content_type: str, body: bytes) -> tuple[str, dict[str, Any]]:
    """The payload in a JSON or form body, or the error instead."""
    try:
        if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            body = parse_qs(body.decode("utf-8"), strict_parsing=True, max_num_fields=100)["payload"][0].encode()
        payload = read_json(body)
    except (ValueError, KeyError):
        return "invalid_payload", {}
    return ("", payload) if isinstance(payload, dict) else ("invalid_payload", {})


def _payload_error(workspace: Workspace, payload: Mapping[str, Any]) -> str:
    attachments, blocks, text = payload.get("attachments") or [], payload.get("blocks") or [], payload.get("text")
    if not isinstance(attachments, list) or not all(isinstance(item, dict) for item in attachments):
        return "invalid_payload"
    if not isinstance(text, str | None):
        return "invalid_payload"
    if not isinstance(blocks, list) or not all(isinstance(item, dict) and item.get("type") for item in blocks):
        return "invalid_blocks"
    if len(attachments) > MAX_ATTACHMENTS:
        return "too_many_attachments"
    if len(blocks) > MAX_BLOCKS:
        return "invalid_blocks"
    if not text and not blocks and not any(item.get(name) for item in attachments for name in _ATTACHMENT_CONTENT):
        return "no_text"
    channel = payload.get("channel") or ""
    if not isinstance(channel, str):
        return "invalid_payload"
    if channel and workspace.channels and channel.lstrip("#") not in workspace.channels:
        return "channel_not_found"
    return ""


def _message(payload: Mapping[str, Any]) -> Message:
    attachments = [item for item in _list(payload.get("attachments")) if isinstance(item, dict)][:MAX_ATTACHMENTS]
    texts = [payload.get("text"), *(item.get(name) for item in attachments for name in _ATTACHMENT_TEXT)]
    lines = [text for text in texts if isinstance(text, str) and text]
    lines += [f"{title}: {value}" for item in attachments for title, value in _fields(item)]
    lines += list(_block_texts(payload.get("blocks")))
    titles = [item.get("title") or item.get("fallback") for item in attachments]
    summary = next((title for title in [*titles, *lines] if isinstance(title, str) and title), "")
    body = clean(shown("\n".join(dict.fromkeys(lines))))
    found = recognise(shown(next((line for line in lines if "[" in line), summary)), body)
    return Message(
        channel="slack",
        status=found.status,
        firing=found.firing,
        resolved=found.resolved,
        severity=found.labels.get(names.SEVERITY, ""),
        labels=found.labels,
        recipients=(_channel(payload.get("channel")),),
        summary=clean(shown(summary), 1024),
        body=body,
    )


def _channel(channel: object) -> str:
    if not isinstance(channel, str) or not channel:
        return "#(the webhook's own channel)"
    return clean(channel if channel.startswith(("#", "@")) else f"#{channel}", 256)


def _fields(attachment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for item in _list(attachment.get("fields")):
        if isinstance(item, dict):
            yield str(item.get("title", "")), str(item.get("value", ""))


def _block_texts(blocks: object) -> Iterator[str]:
    for block in _list(blocks):
        parts = [block.get("text"), *_list(block.get("fields"))] if isinstance(block, dict) else []
        yield from (part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
