"""Runbooks as pages: what every alert links to, written in Markdown, one file per alert."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_SIBLING: Final = re.compile(r"(?:\./)?([A-Za-z_][A-Za-z0-9_-]{0,99})\.md(#.*)?")
_NO_SLUG: Final = re.compile(r"[^a-z0-9]+")


class Runbooks:
    """The runbooks of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Raw HTML stays text, and links to scripts stay no links: who writes a runbook cannot run code in a reader.
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])

    def names(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.md") if NAME.fullmatch(path.stem))

    def page(self, name: str) -> str | None:
        """The page of one alert; None where there is none."""
        if name not in self.names():  # so that nothing else can become part of a path
            return None
        tokens = self._markdown.parse((self._folder / f"{name}.md").read_text(encoding="utf-8", errors="replace"))
        _prepare(tokens)
        body: str = self._markdown.renderer.render(tokens, self._markdown.options, {})
        return _document(name, f"<article>{body}</article>")

    def index(self) -> str:
        """The list of all."""
        return _document("Runbooks", f"<h1>Runbooks</h1>{_listed(self.names())}")

    def missing(self, name: str) -> str:
        """What to say of an alert without a runbook."""
        known = self.names()
        about = "These exist:" if known else "None exists yet; <code>make generate</code> writes one for each alert."
        title = f"<h1>No runbook for {escape(name)}</h1>"
        return _document(f"No runbook for {name}", f"{title}<p>{about}</p>{_listed(known)}")


def _prepare(tokens: Sequence[Token]) -> None:
    """Give each heading an anchor, and lead links between runbooks to their pages."""
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and following is not None:
            token.attrSet("id", _NO_SLUG.sub("-", following.content.lower()).strip("-"))
        for child in token.children or ():
            if child.type == "link_open":
                _lead(child)


def _lead(link: Token) -> None:
    target: Any = link.attrGet("href")
    sibling = _SIBLING.fullmatch(str(target))
    if sibling:
        link.attrSet("href", f"/runbooks/{sibling[1]}{sibling[2] or ''}")
    elif str(target).startswith(("http:", "https:")):
        link.attrSet("rel", "noreferrer")


def _listed(names: Sequence[str]) -> str:
    items = "".join(f'<li><a href="/runbooks/{escape(name)}">{escape(name)}</a></li>' for name in names)
    return f"<ul class=names>{items}</ul>" if items else ""


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · featurewatch</title>"
        '<link rel="icon" href="/assets/mark.svg"><link rel="stylesheet" href="/-/page.css"></head><body>'
        '<header><a href="/">Dashboards</a><a href="/runbooks">Runbooks</a></header>'
        f"<main>{body}</main></body></html>"
    )
