"""An open page: what waits to be written to its socket, newest first where only the newest counts."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from nsynth_lab.panel.messages.parsing import format_message
from nsynth_lab.panel.messages.shown import Trouble
from nsynth_lab.panel.page_keyboard import PageKeyboard

MOST_LINES = 100  # of trouble that wait for a page
PATIENCE_SECONDS = 10.0  # without a page's reading, or saying hello
FAREWELL_SECONDS = 1.0  # for a last message to be read
SOUND_SECONDS = 0.1  # what waits at most for a page
ROOM_SECONDS = 0.005
LONGEST_TROUBLE = 10_000
NORMAL = 1000  # RFC 6455, 7.4.1


class Page:
    """An open page: what waits to be written to it, and what it holds down.

    Of `State`, `Keys` and `Status` the newest waits; of sound the newest tenth of a second. Nothing here blocks.
    """

    def __init__(self, socket: WebSocket, transport: asyncio.WriteTransport | None, *, blocks: int) -> None:
        self.socket, self._transport = socket, transport
        self.is_known = False  # once it has said hello, until it is let go
        self.wants_sound, self.store_seconds = False, 0.0
        self.held: set[int] = set()
        self.keyboard = PageKeyboard()
        self.moved: dict[str, Any] = {}  # a message for each wheel and pedal that is not at rest: what puts it there
        self._newest: dict[type, str] = {}
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._sound: deque[bytes] = deque(maxlen=blocks)
        self._wake = asyncio.Event()
        self._code = NORMAL

    def put(self, kind: type, text: str) -> None:
        """Have a message written, in the place of one of its kind that waits still."""
        self._newest[kind] = text
        self._wake.set()

    def put_line(self, message: Any) -> None:
        """Have a message written after those that wait."""
        self._lines.append(format_message(message))
        self._wake.set()

    def tell(self, says: object) -> None:
        """Have a trouble written."""
        self.put_line(Trouble((" ".join(str(says).split()) or "unknown trouble")[:LONGEST_TROUBLE]))

    def put_sound(self, frame: bytes) -> None:
        """Have a frame of sound written, unless newer ones overtake it."""
        self._sound.append(frame)
        self._wake.set()

    async def write(self) -> None:
        """Write what waits, for ever; ends when the page has not read for `PATIENCE_SECONDS`, or is gone."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waits:
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        await self._room()
                        await self._write_next()
        except TimeoutError:
            self._abort()
        except (WebSocketDisconnect, RuntimeError, OSError):
            pass  # it has closed the socket

    async def farewell(self, says: str, *, code: int) -> None:
        """Tell why the page is let go, if it still reads."""
        self.is_known = False
        self._newest.clear()
        self._sound.clear()
        self.tell(says)
        self._code = code
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                while self._waits or self._unread:
                    await asyncio.sleep(ROOM_SECONDS)

    async def close(self) -> None:
        """Close the socket; at once if what was written last has not been read."""
        if self._unread:
            self._abort()
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self.socket.close(self._code)

    @property
    def _waits(self) -> bool:
        return bool(self._lines or self._newest or self._sound)

    @property
    def _unread(self) -> int:
        """Bytes that the system does not take, because the page does not."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def _room(self) -> None:
        """Wait until all that was written has gone: what waits here can still be overtaken, there it cannot."""
        seconds = ROOM_SECONDS
        while self._unread:
            await asyncio.sleep(seconds)
            seconds = min(2.0 * seconds, SOUND_SECONDS)

    async def _write_next(self) -> None:
        if self._lines:
            await self.socket.send_text(self._lines.popleft())
        elif self._newest:  # before the sound, of which there may be no end
            await self.socket.send_text(self._newest.pop(next(iter(self._newest))))
        elif self._sound:
            await self.socket.send_bytes(self._sound.popleft())
