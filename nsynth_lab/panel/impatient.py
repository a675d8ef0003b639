"""Impatient: the protocol of the panel's requests, which lets go of who connects and does not ask for anything.

uvicorn itself waits for ever for a first request, and for the rest of one that has begun.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 10.0  # from a connection, or the first byte of another request, to the end of its head


class Impatient(H11Protocol):
    """As uvicorn's own, with an end to waiting."""

    _until: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest, if this is not all of a request's head."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE or not self.conn.trailing_data[0]:
            self._wait_no_more()
        elif self._until is None:
            self._wait()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """From here on it is a page, which has its own patience."""
        self._wait_no_more()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone by itself."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._until = self.loop.call_later(REQUEST_SECONDS, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._until is not None:
            self._until.cancel()
            self._until = None
