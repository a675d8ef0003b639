"""In thread: routes whose answers take a moment, kept from holding up the server and the sound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response


def in_thread(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """A route that has `answer` called on one of the loop's own threads, which come right behind those that make sound.

    On the server library's threads it would have normal priority: whenever the browser took the processor from it while
    it has the interpreter's lock, the sound would wait too.
    """

    async def answered(request: Request) -> Response:
        return await asyncio.to_thread(answer, request)

    return answered
