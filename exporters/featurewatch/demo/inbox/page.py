"""The page that shows what each person received. All text is escaped, and nothing that came in can run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final
from urllib.parse import urlencode

from featurewatch.demo.inbox.message import CHANNELS, Delivery, Query

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

INERT: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""For what came from outside: no scripts, no requests, no origin."""

SCRIPT: Final = """\
// Shows new messages as they arrive, unless somebody is reading one.
const last = document.body.dataset.last;
const events = new EventSource("/events?refused=any&since_id=" + last);
events.addEventListener("delivery", () => {
  if (!document.querySelector("details[open]")) { events.close(); location.reload(); }
  else document.getElementById("new").hidden = false;
});
"""

_STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; --line: #8884; }
body { max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .4rem; }
h2 a { color: inherit; } h2 small, .quiet { font-weight: 400; opacity: .7; }
nav a { margin-right: .9rem; }
article { border-top: 1px solid var(--line); padding: .5rem 0; }
summary { display: flex; gap: .7rem; align-items: baseline; cursor: pointer; }
summary b { font-weight: 600; overflow-wrap: anywhere; } time { opacity: .7; white-space: nowrap; }
.mark { font-size: .75rem; padding: .05rem .5rem; border-radius: .7rem; color: #fff; background: #667; }
.firing { background: #b3261e; } .resolved { background: #1b6e3c; } .mixed { background: #8a5a00; }
.refused { background: #444; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #8881; padding: .7rem; border-radius: .4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0; }
dt { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; }
"""


def render(deliveries: Sequence[Delivery], query: Query, *, last_id: int, forgotten: int) -> str:
    """The page: a section for each recipient, newest message first."""
    groups: dict[str, list[Delivery]] = {}
    for delivery in reversed(deliveries):
        for recipient in delivery.recipients or ("nobody in particular",):
            if not query.recipient or recipient == query.recipient:
                groups.setdefault(recipient, []).append(delivery)
    sections = "".join(_section(recipient, found) for recipient, found in sorted(groups.items()))
    refused = sum(delivery.refused for delivery in deliveries)
    count = f"{len(deliveries) - refused} received, {refused} refused"
    if forgotten:
        count += f", {forgotten} older ones forgotten"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Inbox</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style>{_STYLE}</style><script src="/page.js" defer></script></head>'
        f'<body data-last="{last_id}"><h1>Inbox</h1><p class="quiet">What each person received. {count}. Times are UTC.'
        ' <a id="new" href="" hidden>New messages: show them</a></p>'
        f"<nav>{_links(query)}</nav>{sections or '<p>Nothing has arrived yet.</p>'}</body></html>"
    )


def _links(query: Query) -> str:
    links: list[tuple[str, dict[str, str]]] = [("everything", {})]
    links += [(channel, {"channel": channel}) for channel in CHANNELS]
    links += [(status, {"status": status}) for status in ("firing", "resolved")]
    shown: set[str] = {chosen for chosen in (query.channel, query.status) if chosen} or {"everything"}
    return "".join(
        f'<a href="/?{escape(urlencode(parameters))}"{" aria-current=page" if name in shown else ""}>{name}</a>'
        for name, parameters in links
    )


def _section(recipient: str, deliveries: Sequence[Delivery]) -> str:
    articles = "".join(_article(delivery) for delivery in deliveries)
    alone = escape(urlencode({"recipient": recipient}))
    title = f'<a href="/?{alone}">{escape(recipient)}</a> <small>{len(deliveries)}</small>'
    return f"<section><h2>{title}</h2>{articles}</section>"


def _article(delivery: Delivery) -> str:
    marks = [_mark(delivery.status, delivery.status)] if delivery.status != "none" else []
    marks += [_mark(delivery.severity, "")] if delivery.severity else []
    marks += [_mark("refused", "refused")] if delivery.refused else []
    title = delivery.summary or ", ".join(delivery.alerts) or "(no subject)"
    facts = [
        ("alerts", ", ".join(delivery.alerts)),
        ("severity", delivery.severity),
        *delivery.labels.items(),
        ("incident", delivery.effect),
        ("key", delivery.key),
        ("refused because", delivery.reason),
    ]
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in _once(facts))
    links = f'<a href="/deliveries/{delivery.id}/raw">as it came</a>' if delivery.raw else ""
    if delivery.raw and delivery.channel == "email":
        links += f' · <a href="/deliveries/{delivery.id}/html">as HTML</a>'
    return (
        f"<article><details><summary><time>{delivery.received_at:%H:%M:%S.%f}</time>"
        f"{_mark(delivery.channel, '')}{''.join(marks)}<b>{escape(title)}</b></summary>"
        f"<dl>{listed}</dl><pre>{escape(delivery.body)}</pre><p class=quiet>{links}</p></details></article>"
    )


def _mark(text: str, style: str) -> str:
    return f'<span class="mark {style}">{escape(text)}</span>'


def _once(facts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return list({name: (name, value) for name, value in facts if value}.values())
