"""What keeps the page to those whom it is for: host names, a token, and what a browser may do."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from http.cookies import SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "mlmeta_track_token"

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
"""By which names the page is asked for on its own machine."""

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
        " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guarded:
    """Lets through only requests that name this host, read only, and, if there is one, the token.

    A page of another site could have its own name lead to this machine (DNS rebinding); the Host
    header tells.
    """

    def __init__(self, app: ASGIApp, *, hosts: tuple[str, ...], token: str | None) -> None:
        """Guard an application.

        Args:
            app: The application.
            hosts: The names without ports by which it may be asked for; ``*`` is any.
            token: What must be given once, as ``?token=`` or as a Bearer; None asks for none.
        """
        self._app = app
        self._hosts = hosts
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        answer: ASGIApp | Callable[[Scope, Receive, Send], Awaitable[None]] = refusal or self._app

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    kept.setdefault(name, value)
            await send(message)

        await answer(scope, receive, with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        if "*" not in self._hosts and _host(headers) not in self._hosts:
            return PlainTextResponse(
                "This host name is not one that the page is served for.\n", status_code=421
            )
        # Another site's page may send requests here, though it cannot read the answers.
        is_api = scope["path"].startswith("/api/")
        if is_api and headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
            return PlainTextResponse("Another site's page has nothing to ask here.\n", 403)
        if scope["method"] not in {"GET", "HEAD"}:
            return PlainTextResponse(
                "Nothing can be changed here.\n", status_code=405, headers={"allow": "GET, HEAD"}
            )
        return None if self._token is None else self._without_token(scope, headers, self._token)

    def _without_token(self, scope: Scope, headers: Headers, token: str) -> Response | None:
        request = Request(scope)
        given = request.query_params.get("token")
        is_page = not scope["path"].startswith("/api/")
        if is_page and given is not None and _same(given, token):
            # The address without the token, so that it is in no bookmark and no screenshot.
            response = RedirectResponse(scope["path"], status_code=303)
            response.set_cookie(COOKIE, token, httponly=True, samesite="strict")
            return response
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if _same(bearer, token) or _same(_cookie(headers), token):
            return None
        return PlainTextResponse(
            "This page needs a token: open the address that mlmeta-track ui has printed.\n",
            status_code=401,
            headers={"www-authenticate": "Bearer"},
        )


def _host(headers: Headers) -> str:
    host = headers.get("host", "").lower()
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _cookie(headers: Headers) -> str:
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(headers.get("cookie", ""))
    except Exception:  # noqa: BLE001 - a broken header is no token
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())
