"""Where readers give the token, when one is wanted. It never stands in an address, which histories and logs keep."""

from __future__ import annotations

import hashlib
import hmac
from html import escape
from typing import Final

from starlette.responses import HTMLResponse

ENTRANCE: Final = "/-/enter"
COOKIE: Final = "featurewatch_preview"
LONGEST_BODY: Final = 4096


def proof(token: str) -> str:
    """What a browser keeps instead of the token: who steals it from one preview cannot use it elsewhere."""
    return hmac.new(token.encode(), b"featurewatch preview", hashlib.sha256).hexdigest()


def entrance_page(fault: str = "") -> HTMLResponse:
    """The form."""
    said = f'<p class="fault" role="alert">{escape(fault)}</p>' if fault else ""
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>featurewatch</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/-/page.css">'
        f"</head><body><main><h1>featurewatch</h1>{said}"
        f'<form method="post" action="{ENTRANCE}"><label>Token <input type="password" name="token" required autofocus '
        'autocomplete="current-password"></label><button>Show the dashboards</button></form></main></body></html>',
        401,
    )
