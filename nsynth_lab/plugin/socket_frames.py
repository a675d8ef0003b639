"""Frames on a Unix socket: kind and length, 32 bits in the machine's order, then UTF-8 text; files with the first."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

from nsynth_lab.errors import PluginError
from nsynth_lab.plugin.layout import LONGEST_TEXT_BYTES

HEAD = struct.Struct("=II")
MOST_FILES = 3


class Frames:
    """`hear` on one thread, `say` on any.

    Attributes:
        files: descriptors that came with what was heard so far; the caller's to close.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._heard = b""
        self._saying = threading.Lock()
        self.files: list[int] = []

    def hear(self) -> tuple[int, str] | None:
        """The next frame; None when the other side has gone.

        Raises:
            PluginError: it is too long.
        """
        if not self._fill(HEAD.size):
            return None
        kind, length = HEAD.unpack(self._heard[: HEAD.size])
        if length > LONGEST_TEXT_BYTES:
            raise PluginError(f"a message of {length} bytes; expected at most {LONGEST_TEXT_BYTES}")
        if not self._fill(HEAD.size + length):
            return None
        text = self._heard[HEAD.size : HEAD.size + length]
        self._heard = self._heard[HEAD.size + length :]
        return kind, text.decode(errors="replace")

    def say(self, kind: int, text: str) -> None:
        """Send a frame; nothing happens if the other side has gone."""
        data = text.encode()[:LONGEST_TEXT_BYTES]
        with self._saying, suppress(OSError):
            self._connection.sendall(HEAD.pack(kind, len(data)) + data)

    def close(self) -> None:
        """Hear and say no more, on all threads."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _fill(self, size: int) -> bool:
        while len(self._heard) < size:
            try:
                data, files, _, _ = socket.recv_fds(self._connection, 1 << 16, MOST_FILES)
            except OSError:
                return False
            self.files += files
            if not data:
                return False
            self._heard += data
        return True
