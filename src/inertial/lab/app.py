"""The web application: routes, guards, and a thread for whatever takes time."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inertial.lab import answers, stability
from inertial.lab.answers import Fault
from inertial.lab.binary import to_json
from inertial.lab.proof import Bench
from inertial.lab.runs import Shelf
from inertial.lab.schema import schema

STATIC = Path(__file__).parent / "static"
HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
LARGEST_BODY = 2**21  # bytes; any state fits in a thousandth of it
AT_ONCE = 4  # requests that compute at the same time; the others wait in line
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; "
        b"frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-cache"),
)

Answer = Callable[[Mapping[str, Any]], Any]
Look = Callable[[Shelf, str, Mapping[str, str]], Any]


class Guarded:
    """Put the headers on every answer that keep a page to its own server.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as `app` does, with the headers."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        await self.app(scope, receive, guarded if scope["type"] == "http" else send)


def make_app(runs: Path | None = None) -> Starlette:
    """Return the application.

    Args:
        runs: The folder below which runs lie; None: `runs`, where training puts them.

    Returns:
        The application, for any ASGI server.
    """
    limiter = anyio.CapacityLimiter(AT_ONCE)
    shelf, bench = Shelf(runs or Path("runs")), Bench()
    said = to_json(schema())  # made once

    async def tell(_: Request) -> Response:
        await anyio.lowlevel.checkpoint()
        # an answer of its own each time: what packs it for the wire writes into it
        return Response(said, media_type="application/json")

    def compute(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            words = await _words(request)
            found = await to_thread.run_sync(partial(answer, words), limiter=limiter)
            return _response(found)

        return endpoint

    def look(answer: Look) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            name = request.path_params.get("id", "")
            words = dict(request.query_params)
            found = await to_thread.run_sync(partial(answer, shelf, name, words))
            return _response(found)

        return endpoint

    experiments = anyio.CapacityLimiter(2)  # one at work, and the next one waiting

    async def evidence(request: Request) -> Response:
        name = request.path_params.get("name")
        made = partial(bench.made, name) if name else bench.listed
        found = await to_thread.run_sync(made, limiter=experiments if name else None)
        return _response(found)

    async def stream(request: Request) -> Response:
        name = request.path_params["id"]
        await to_thread.run_sync(shelf.place, name)  # or it is refused at once
        return StreamingResponse(shelf.stream(name), media_type="text/event-stream")

    routes = [
        *(Route(path, look(answer)) for path, answer in LOOKS.items()),
        Route("/api/evidence", evidence),
        Route("/api/evidence/{name}", evidence),
        Route("/api/runs/{id:path}/stream", stream),
        Route("/api/runs/{id:path}", look(lambda shelf, name, _: shelf.run(name))),
        Route("/api/schema", tell),
        *(
            Route(f"/api/{name}", compute(answer), methods=["POST"])
            for name, answer in POSTS.items()
        ),
        Route("/", _page),
        Mount("/static", StaticFiles(directory=STATIC, check_dir=False)),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(Guarded),
            Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS),
            Middleware(GZipMiddleware, minimum_size=2048, compresslevel=1),
        ],
        exception_handlers={
            Fault: _faulty,
            HTTPException: _refused,
            Exception: _broken,
        },
    )


POSTS: dict[str, Answer] = {
    "landscape": answers.landscape,
    "sim": answers.simulation,
    "analysis": answers.analysis,
    "stability": stability.stability,
    "convert": answers.convert,
}
"""Path below /api/ -> what answers it."""

LOOKS: dict[str, Look] = {
    "/api/runs": lambda shelf, *_: shelf.listed(),
    "/api/runs/{id:path}/reading": lambda shelf, name, _: shelf.reading(name),
    "/api/runs/{id:path}/data": lambda shelf, name, words: shelf.data(
        name,
        words.get("columns", ""),
        words.get("points", ""),
        words.get("since", ""),
    ),
}
"""Path -> what is said about the runs of a shelf."""


def _page(_: Request) -> Response:
    page = STATIC / "index.html"
    if not page.is_file():
        return _error(404, "The page of the lab is missing: install inertial again.")
    return FileResponse(page)


async def _words(request: Request) -> dict[str, Any]:
    """Return the words of a request's body.

    Raises:
        Fault: If it is too long, or no table of words.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise Fault(
                f"A request may have {LARGEST_BODY} bytes, but this one has more. "
                "Send the state alone."
            )
    try:
        words = json.loads(bytes(body) or b"{}")
    except (ValueError, RecursionError):
        raise Fault("A request must be a table of words in JSON.") from None
    if not isinstance(words, dict):
        raise Fault("A request must be a table of words in JSON.")
    return words


def _response(found: Any) -> Response:
    if isinstance(found, bytes):
        return Response(found, media_type="application/octet-stream")
    return Response(to_json(found), media_type="application/json")


def _error(status: int, sentence: str, **more: Any) -> Response:
    body = to_json({"error": sentence, "field": None, **more})
    return Response(body, status, media_type="application/json")


def _faulty(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, Fault)
    return _error(fault.status, str(fault), field=fault.field, at=fault.at)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = {
        404: f"There is nothing at {request.url.path[:100]}.",
        405: f"{request.url.path[:100]} does not take {request.method}.",
    }
    return _error(error.status_code, sentence.get(error.status_code, error.detail))


def _broken(_: Request, error: Exception) -> Response:
    name = type(error).__name__
    return _error(500, f"The lab met an error of its own ({name}). Change a setting.")
