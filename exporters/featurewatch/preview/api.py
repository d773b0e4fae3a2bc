"""What the app asks for: dashboards, and answers of Prometheus and the responder."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from featurewatch.preview import queries
from featurewatch.preview.dashboards import Boards
from featurewatch.preview.problem import Problem
from featurewatch.preview.settings import Settings
from featurewatch.preview.sharing import Sharing
from featurewatch.preview.upstream import Answer, Upstream


class Api:
    """Everything under `/api`."""

    def __init__(
        self, boards: Boards, sharing: Sharing, prometheus: Upstream, responder: Upstream | None, settings: Settings
    ) -> None:
        self._boards = boards
        self._sharing = sharing
        self._prometheus = prometheus
        self._responder = responder
        self._seconds = settings.cache_seconds
        self._scrape = settings.scrape_seconds

    def routes(self) -> list[Route]:
        return [
            Route("/api/about", self.about),
            Route("/api/dashboards", self.dashboards),
            Route("/api/dashboards/{uid}", self.dashboard),
            Route("/api/prom/api/v1/{path:path}", self.ask_prometheus),
            Route("/api/responder/api/v1/{path:path}", self.ask_responder),
        ]

    async def about(self, _request: Request) -> Response:
        about = {"prometheus": self._prometheus.base, "responder": self._responder is not None}
        return JSONResponse({**about, "scrapeSeconds": self._scrape})

    async def dashboards(self, _request: Request) -> Response:
        return JSONResponse({"dashboards": [board.entry() for board in self._boards.all()]})

    async def dashboard(self, request: Request) -> Response:
        uid = request.path_params["uid"]
        board = self._boards.find(uid)
        if board is None:
            known = ", ".join(board.uid for board in self._boards.all() if board.uid) or "none"
            raise Problem(404, "No such dashboard", f"{uid!r} is not in {self._boards.folder}; there: {known}.")
        return JSONResponse(board.data)

    async def ask_prometheus(self, request: Request) -> Response:
        path = request.path_params["path"]
        pairs = queries.prometheus(path, request.query_params.multi_items())
        seconds = queries.shared_for(path, pairs, self._seconds)
        fetch = partial(self._prometheus.get, path, pairs)
        return _passed_on(await self._sharing.get(("prometheus", path, pairs), seconds, fetch))

    async def ask_responder(self, request: Request) -> Response:
        if self._responder is None:
            raise Problem(404, "No responder", "The preview was started without --responder.")
        path = request.path_params["path"]
        pairs = queries.responder(path, request.query_params.multi_items())
        fetch = partial(self._responder.get, path, pairs)
        return _passed_on(await self._sharing.get(("responder", path, pairs), self._seconds, fetch))


def _passed_on(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type=answer.content_type)
