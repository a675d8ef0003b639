"""Guard: who may use the panel, asked of every request and every socket before anything else is done.

    Host      an address, or a name of this machine: a site whose own name was made to lead here is refused
    Origin    the page that asks, where a browser says which: the panel's own and no other
    token     only where other machines can reach it: in the address that is printed, and then in a cookie
    method    what reads, and POST where a file or a request for long work is taken; all else goes over the socket

What is let through carries headers that keep a browser from running, framing or leaking anything else.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
TOKEN = "token"  # in the query of an address
READING = ("GET", "HEAD")
POST = "POST"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::\d{1,5})?")


@dataclass(frozen=True)
class Guard:
    """Who may use a panel that listens on `host`, an address or a name, and `port`.

    Attributes:
        token: what everybody has to know; empty, as for a panel that only this machine can reach, if nothing.
    """

    host: str = LOOPBACK
    port: int = 0
    token: str = field(default="", repr=False)

    @classmethod
    def of(cls, listener: socket.socket, host: str) -> Guard:
        """The guard of a socket that listens: with a token if other machines can reach it."""
        address, port = listener.getsockname()[:2]
        alone = ipaddress.ip_address(address.partition("%")[0]).is_loopback
        return cls(host, port, "" if alone else secrets.token_urlsafe(32))

    @property
    def cookie(self) -> str:
        """Name of the cookie that holds the token; browsers do not tell the ports of a machine apart."""
        return f"nsynth-lab-{self.port}"

    def knows(self, host: str) -> bool:
        """Whether a Host header names this machine. The port is not compared: a tunnel may have another one.

        >>> guard = Guard()
        >>> [guard.knows(host) for host in ("localhost:8765", "127.0.0.1", "[::1]:80", "evil.example", "10.0.0.9", "")]
        [True, True, True, False, False, False]
        >>> Guard("0.0.0.0", token="x").knows("10.0.0.9:8765")
        True
        """
        found = _HOST.fullmatch(host)
        if not found:
            return False
        name = (found["six"] or found["name"]).lower()
        own = self.host.lower()
        if name in ("localhost", own):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:  # a name: other sites can make theirs lead here, but not these
            ours = socket.gethostname().lower()
            return bool(self.token) and name in (ours, f"{ours}.local")
        return address.is_loopback or bool(self.token)

    def refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason for what is refused; None for what may pass."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self.knows(host):
            return 403, "This panel is asked for by its address, as nsynth-lab prints it, and by no other name."
        origin = headers.get("origin")
        if (origin is not None and not _is_of(origin, host)) or not _is_own_errand(scope, headers):
            return 403, "Another site may not use this panel."
        if self.token and not self._has_token(scope, headers):
            return 403, "Open the address that nsynth-lab has printed, with its token."
        return None

    def shown_token(self, scope: Scope) -> bool:
        """Whether the right token stands in the address of a request."""
        return bool(self.token) and any(map(self._is_token, _in_query(scope)))

    def _has_token(self, scope: Scope, headers: Headers) -> bool:
        kept = cookie_parser(headers.get("cookie", "")).get(self.cookie, "")
        return self._is_token(kept) or self.shown_token(scope)

    def _is_token(self, given: str) -> bool:
        """Compared in constant time: how long it takes says nothing about how much of it is right."""
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self.token.encode())


class Guarded:
    """An application behind a guard: what it refuses never gets there, and every answer carries `HEADERS`.

    `posts` are the paths that take a POST, and nothing else.
    """

    def __init__(self, app: ASGIApp, guard: Guard, posts: Collection[str] = ()) -> None:
        self._app, self._guard, self._posts = app, guard, posts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, one socket, or the application's own beginning and end."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        methods = (POST,) if scope["path"] in self._posts else READING
        refused = self._guard.refusal(scope)
        if refused is None and scope["type"] == "http" and scope["method"] not in methods:
            refused = 405, f"{' or '.join(methods)} is all there is here; what changes the sound goes over the socket."
        more = dict(HEADERS)
        if refused is None and self._guard.shown_token(scope):
            more["Set-Cookie"] = f"{self._guard.cookie}={self._guard.token}; Path=/; HttpOnly; SameSite=Strict"
        added = [(name.lower().encode(), value.encode()) for name, value in more.items()]

        async def sending(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        if refused is None:
            await self._app(scope, receive, sending)
            return
        status, reason = refused
        allow = {"Allow": ", ".join(methods)} if status == 405 else None
        await PlainTextResponse(f"{reason}\n", status, headers=allow)(scope, receive, sending)


def _is_of(origin: str, host: str) -> bool:
    """Whether an Origin header names the page of that Host header."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _is_own_errand(scope: Scope, headers: Headers) -> bool:
    """Whether a browser asks for the panel's page, or that page for a part of it; not another site for a part of it.

    Pictures and scripts are asked for without an Origin, but browsers say whose page wants them.
    """
    site = headers.get("sec-fetch-site", "none")
    is_visit = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return site in ("none", "same-origin") or (is_visit and scope["path"] == "/")


def _in_query(scope: Scope) -> list[str]:
    query = scope.get("query_string", b"").decode("latin-1")
    try:
        return parse_qs(query, max_num_fields=100).get(TOKEN, [])
    except ValueError:
        return []
