"""Who may ask: only the browser that was given the address, and only from our own pages.

Listening on loopback keeps other machines out. It does not keep out what other users and other
pages in the same browser can do, hence four checks of every request, in this order:

1. The Host is a loopback name, so a foreign name that was made to point here is of no use.
2. What the browser tells of where the request comes from is this server itself or the user.
   Another port of this machine is another site for us, though not for cookies.
3. It is GET or HEAD: nothing here changes anything.
4. It carries the cookie, which is given once for the secret in the address that was printed.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.ASCII)
_OWN_SITES = ("same-origin", "none")
_METHODS = ("GET", "HEAD")
_ASK_AGAIN = "Open the address that harness view printed when it started.\n"

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, kw_only=True)
class Pass:
    """The secrets of one server; they are never written anywhere.

    Attributes:
        token: In the address that is printed; it opens the page as often as wanted.
        once: In the address that a browser is started with, where other users may see it in
            the list of processes; it opens the page once.
        session: In the cookie that a token is exchanged for.
        cookie: The cookie's name: cookies of all ports of a machine are sent to each of them.
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    once: list[str] = field(default_factory=lambda: [secrets.token_urlsafe(32)])
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    cookie: str

    def __repr__(self) -> str:
        return f"Pass(cookie={self.cookie!r}, ...)"

    def takes(self, token: str) -> bool:
        """Whether a token is right; one that opens once is used up."""
        if _is_same(token, self.token):
            return True
        if self.once and _is_same(token, self.once[0]):
            self.once.clear()
            return True
        return False


def _is_same(given: str, wanted: str) -> bool:
    """Compare in a time that does not tell how much was right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


class Guard:
    """Lets through to an application what may ask, and gives every answer the same headers."""

    def __init__(self, app: ASGIApp, key: Pass) -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application do so."""
        request = Request(scope)
        answer = _refusal(request) or self._exchange(request) or self._stranger(request)
        await (answer or self._app)(scope, receive, _with_headers(send))

    def _exchange(self, request: Request) -> Response | None:
        """The cookie for the secret, which leaves the address and so the history."""
        token = request.query_params.get("token")
        if token is None or request.scope["path"] != "/":
            return None
        if not self._key.takes(token):
            return _refused(f"The secret in this address is not that of this server. {_ASK_AGAIN}")
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(
            self._key.cookie, self._key.session, path="/", httponly=True, samesite="strict"
        )
        return answer

    def _stranger(self, request: Request) -> Response | None:
        given = request.cookies.get(self._key.cookie, "")
        return None if _is_same(given, self._key.session) else _refused(_ASK_AGAIN)


def _refusal(request: Request) -> Response | None:
    """Why a request is refused whoever asks; None if it is not."""
    hosts = request.headers.getlist("host")
    if len(hosts) != 1 or not _LOOPBACK.fullmatch(hosts[0].lower()):
        return _refused("This server answers to 127.0.0.1, localhost and [::1] only.\n")
    if any(site not in _OWN_SITES for site in request.headers.getlist("sec-fetch-site")):
        return _refused(f"Another site may not ask for this. {_ASK_AGAIN}")
    if any(origin != f"http://{hosts[0]}" for origin in request.headers.getlist("origin")):
        return _refused(f"Another site may not ask for this. {_ASK_AGAIN}")
    if request.method not in _METHODS:
        return PlainTextResponse(
            "Nothing can be changed here: GET and HEAD only.\n",
            status_code=405,
            headers={"Allow": ", ".join(_METHODS)},
        )
    return None


def _refused(reason: str) -> Response:
    return PlainTextResponse(reason, status_code=403)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
