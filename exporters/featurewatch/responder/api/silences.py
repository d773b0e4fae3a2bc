"""Silences, and alerts that people raise: both are Alertmanager's, which alone decides who is told."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel, Field

from featurewatch import names
from featurewatch.responder.access import Access
from featurewatch.responder.api.page import Moment, PageBody
from featurewatch.responder.fingerprint import fingerprint
from featurewatch.responder.silences import Matcher, Refused, Silence, Silences
from featurewatch.responder.tokens import Bearer, Role
from featurewatch.responder.upstream import UpstreamSilent

MANUAL = "manual"
LONGEST_SECONDS = 92 * 86_400.0
LabelValue = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, Field(max_length=2_000, pattern=r"^[^\x00]*$")]


class MatcherBody(BaseModel):
    name: Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    value: Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00]*$")]
    is_regex: bool = False
    is_equal: bool = True


class SilenceBody(BaseModel):
    """Nobody is told of what matches from then to then."""

    id: str
    state: str
    matchers: list[MatcherBody]
    begins_at: datetime
    ends_at: datetime
    made_by: str
    comment: str


class WantedSilenceBody(BaseModel):
    matchers: Annotated[list[MatcherBody], Field(min_length=1, max_length=50)]
    seconds: Annotated[float, Field(ge=1, le=LONGEST_SECONDS)]
    begins_at: Moment | None = None
    comment: Annotated[Text, Field(min_length=1, description="why; whoever wonders about the quiet reads it")]


class MadeSilenceBody(BaseModel):
    id: str


class ManualAlertBody(BaseModel):
    """What somebody saw that no rule did."""

    alertname: Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
    severity: str = Field(pattern=r"^(low|medium|high|critical)$")
    service: LabelValue
    extractor: LabelValue | None = None
    category: LabelValue = MANUAL
    summary: Annotated[Text, Field(min_length=1)]
    description: Text = ""
    seconds: Annotated[float, Field(ge=60, le=7 * 86_400, description="until it ends by itself")] = 3_600


class RaisedBody(BaseModel):
    """What Alertmanager was told; the history has it as soon as Alertmanager tells us."""

    fingerprint: str
    labels: dict[str, str]
    ends_at: datetime


def router(access: Access, clock: Callable[[], datetime], silences: Silences | None) -> APIRouter:
    paths = APIRouter(prefix="/api/v1")
    viewer, operator = Depends(access.at_least(Role.VIEWER)), Depends(access.at_least(Role.OPERATOR))

    def alertmanager() -> Silences:
        if silences is None:
            raise UpstreamSilent("the responder was started without --alertmanager")
        return silences

    @paths.get("/silences", tags=["silences"], dependencies=[viewer])
    def list_silences(expired: Annotated[bool, Query()] = False) -> PageBody[SilenceBody]:
        """Those that last or are to come, with `expired` also the others; the one that ends last comes first."""
        return PageBody(items=[_body(one) for one in alertmanager().all(expired=expired)], next=None)

    @paths.post("/silences", tags=["silences"], status_code=201)
    def make_silence(said: WantedSilenceBody, caller: Annotated[Bearer, operator]) -> MadeSilenceBody:
        """Let nobody be told of what matches. Alerts go on to fire, to be shown and to be kept."""
        begins = said.begins_at or clock()
        matchers = [Matcher(one.name, one.value, one.is_regex, one.is_equal) for one in said.matchers]
        try:
            ends = begins + timedelta(seconds=said.seconds)
            return MadeSilenceBody(id=alertmanager().put(matchers, begins, ends, caller.name, said.comment))
        except (Refused, OverflowError) as error:
            raise HTTPException(422, str(error)) from None

    @paths.delete("/silences/{number}", tags=["silences"], status_code=204)
    def end_silence(
        number: Annotated[str, Path(max_length=36, pattern=r"^[0-9a-fA-F-]+$")], _caller: Annotated[Bearer, operator]
    ) -> None:
        """Let it end now."""
        try:
            alertmanager().end(number)
        except Refused as error:
            raise HTTPException(404, str(error)) from None

    @paths.post("/alerts", tags=["alerts"], status_code=202)
    def raise_alert(said: ManualAlertBody, caller: Annotated[Bearer, operator]) -> RaisedBody:
        """Raise an alert by hand. It goes the way of every other one: through Alertmanager to people and to here."""
        now = clock()
        labels = {names.ALERTNAME: said.alertname, names.SEVERITY: said.severity, names.SERVICE: said.service}
        labels |= {names.CATEGORY: said.category, names.SOURCE: MANUAL}
        labels |= {names.EXTRACTOR: said.extractor} if said.extractor is not None else {}
        notes = {"summary": said.summary, "description": said.description or f"Raised by {caller.name}."}
        ends = now + timedelta(seconds=said.seconds)
        try:
            alertmanager().alert(labels, notes, now, ends)
        except Refused as error:
            raise HTTPException(422, str(error)) from None
        return RaisedBody(fingerprint=fingerprint(labels), labels=labels, ends_at=ends)

    return paths


def _body(one: Silence) -> SilenceBody:
    return SilenceBody(
        id=one.id,
        state=one.state,
        matchers=[
            MatcherBody.model_construct(name=m.name, value=m.value, is_regex=m.is_regex, is_equal=m.is_equal)
            for m in one.matchers
        ],
        begins_at=one.begins_at,
        ends_at=one.ends_at,
        made_by=one.made_by,
        comment=one.comment,
    )
