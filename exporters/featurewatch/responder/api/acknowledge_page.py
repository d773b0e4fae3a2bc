"""The page that messages link to: a form that takes an alert in hand.

It has no session and no cookie. Whoever sends the form proves who they are with their token in its body, so that a
link carries nothing secret and another site's form can do nothing. Without a token the page tells nothing but what
the link itself says.
"""

import html
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.resources import files
from string import Template
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from featurewatch.responder import link
from featurewatch.responder.access import Access, require
from featurewatch.responder.acknowledgement import Acknowledgement, AlreadyAcknowledged, NotFiring
from featurewatch.responder.api.incidents import acknowledge_all
from featurewatch.responder.api.page import TEXT
from featurewatch.responder.database import Database, DatabaseUnavailable
from featurewatch.responder.link import Named
from featurewatch.responder.tokens import Role

HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
FORM_BYTES: Final = 16_384
HOURS: Final = ("1", "4", "12", "")
"""What one can choose; the last: until it ends."""

Part = Annotated[str, Query(max_length=400, pattern=TEXT)]


def asked(alertname: Part = "", service: Part = "", extractor: Part = "", severity: Part = "") -> Named:
    return Named(alertname, service, extractor, severity)


def router(database: Database, access: Access, clock: Callable[[], datetime]) -> APIRouter:
    paths = APIRouter(include_in_schema=False)

    @paths.get("/")
    @paths.get("/acknowledge")
    def show(named: Annotated[Named, Depends(asked)]) -> HTMLResponse:
        if not named.alertname:
            said = "Messages about alerts link here. Programs find the API at /api/v1/openapi.json."
            return _page("featurewatch responder", f"<p>{said}</p>")
        return _page("Take this alert in hand", _form(named))

    @paths.post("/")
    @paths.post("/acknowledge")
    async def send(request: Request, named: Annotated[Named, Depends(asked)]) -> HTMLResponse:
        if not _same_site(request):
            return _page("Not done", _said("The form came from another site."), 403)
        form = await _fields(request)
        address = request.client.host if request.client is not None else ""
        return await run_in_threadpool(take, named, form, address)

    def take(named: Named, form: dict[str, str], address: str) -> HTMLResponse:
        try:
            caller = access.known(form.get("token", "").strip() or None, address)
            access.limited(caller)
            require(caller, Role.OPERATOR)
        except HTTPException as refused:
            why = "That token is not in force." if refused.status_code == 401 else str(refused.detail)
            return _page("Not done", _said(why) + _form(named), refused.status_code)
        except DatabaseUnavailable:
            return _page("Not done", _said("The database does not answer. Try again.") + _form(named), 503)
        now, hours = clock(), form.get("hours", "")
        until = now + timedelta(hours=int(hours)) if hours and hours in HOURS else None
        given = Acknowledgement(0, caller.name, form.get("comment", "")[:2_000], now, until)
        try:
            with database.writing() as connection:
                taken = acknowledge_all(connection, link.firing(connection, named), given)
        except NotFiring:
            return _page("Nothing to do", _said("It does not fire any more, or never did."), 404)
        except AlreadyAcknowledged as error:
            return _page("Not done", _said(str(error)), 409)
        except DatabaseUnavailable:
            return _page("Not done", _said("The database does not answer. Try again.") + _form(named), 503)
        count = "1 alert" if len(taken) == 1 else f"{len(taken)} alerts"
        ends = "until it ends" if until is None else f"until {until:%Y-%m-%d %H:%M} UTC"
        return _page("It is yours", _said(f"{caller.name} has {count} in hand, {ends}."))

    return paths


def _same_site(request: Request) -> bool:
    """Browsers say where a form came from; whoever is none says nothing."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def _fields(request: Request) -> dict[str, str]:
    """The last value of each field."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise HTTPException(413, f"The form is longer than {FORM_BYTES} bytes.")
    text = body.decode("utf-8", "replace")
    try:
        return {name: values[-1].replace("\0", "") for name, values in parse_qs(text, max_num_fields=20).items()}
    except ValueError:
        raise HTTPException(422, "The form has too many fields.") from None


def _form(named: Named) -> str:
    parts = ((name, getattr(named, name)) for name in ("alertname", "service", "extractor", "severity"))
    shown = "".join(f"<dt>{name}<dd>{html.escape(value)}" for name, value in parts if value)
    options = "".join(f'<option value="{hours}">{_choice(hours)}' for hours in reversed(HOURS))
    return (
        f'<dl>{shown}</dl><form method="post">'
        '<label for="token">Your token</label>'
        '<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>'
        '<label for="comment">Comment</label>'
        '<textarea id="comment" name="comment" rows="2" maxlength="2000"></textarea>'
        f'<label for="hours">For how long</label><select id="hours" name="hours">{options}</select>'
        "<p><button>Acknowledge</button></p></form>"
    )


def _choice(hours: str) -> str:
    return f"{hours} h" if hours else "until it ends"


def _said(text: str) -> str:
    return f'<p class="said">{html.escape(text)}</p>'


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    template = Template((files("featurewatch.responder.api") / "page.html").read_text(encoding="utf-8"))
    return HTMLResponse(template.substitute(title=html.escape(title), body=body), status, HEADERS)
