"""The application: pages, their files, and the JSON API, over one store."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

import mlmeta_track
from mlmeta_track.errors import (
    InvalidArgumentError,
    MlmetaTrackError,
    NotFoundError,
    UnavailableError,
)
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.payloads import Fetching
from mlmeta_track.ui import api, openapi
from mlmeta_track.ui.careful import CarefulPayloads
from mlmeta_track.ui.files import Files
from mlmeta_track.ui.security import LOCAL_NAMES, Guarded

_FILES = Path(str(files("mlmeta_track.ui")))

PAGES = (
    "/",
    "/runs",
    "/runs/{id}",
    "/experiments",
    "/experiments/{id}",
    "/steps",
    "/steps/{id}",
    "/artifacts",
    "/artifacts/{id}",
    "/contexts/{id}",
    "/lineage/{kind}/{id}",
    "/compare",
)
"""The addresses that one page answers; what is at each is drawn in the browser."""


def make_app(
    store: Store,
    payloads: Fetching,
    *,
    hosts: tuple[str, ...] = LOCAL_NAMES,
    token: str | None = None,
) -> Starlette:
    """Return the application.

    Args:
        store: What is shown.
        payloads: Where artifacts' payloads are read from.
        hosts: The host names that it answers to.
        token: What a browser must bring along; None asks for nothing.
    """
    asked = api.Asked(store, CarefulPayloads(payloads))
    template = Environment(
        loader=FileSystemLoader(_FILES / "templates"), autoescape=True, undefined=StrictUndefined
    ).get_template("page.html")
    static = Files(_FILES / "static")
    shell = template.render(version=mlmeta_track.__version__, modules=static.modules)

    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse(shell)

    async def described(_: Request) -> JSONResponse:
        return JSONResponse(openapi.document())

    async def lost(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        if request.url.path.startswith(openapi.PREFIX):
            return JSONResponse({"error": "There is nothing at this address."}, status)
        return HTMLResponse(shell, status)

    answers = [Route(route.path, api.answered(route.answer, asked)) for route in api.routes()]
    return Starlette(
        routes=[
            Mount(openapi.PREFIX, routes=[Route("/openapi.json", described), *answers]),
            Route("/static/{path:path}", static.get),
            *(Route(path, page) for path in PAGES),
        ],
        middleware=[Middleware(Guarded, hosts=hosts, token=token)],
        exception_handlers={MlmetaTrackError: failed, HTTPException: lost},
    )


async def failed(_: Request, error: Exception) -> JSONResponse:
    """Answer a request that could not be answered with one sentence."""
    return JSONResponse({"error": str(error)}, _status(error))


def _status(error: Exception) -> int:
    if isinstance(error, NotFoundError):
        return 404
    if isinstance(error, InvalidArgumentError):
        return 400
    return 503 if isinstance(error, UnavailableError) else 500
