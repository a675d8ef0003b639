"""uploads: a file that a page sends. Nobody says where it goes, how long it may be, or how long one waits for it.

The body of a POST is the file, and `?name=song.mid` what the player calls it: of that, the ending alone is used.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from pathlib import Path, PurePosixPath

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from nsynth_lab.wording import quoted

STALLED_SECONDS = 10.0  # without a byte
LONGEST_SECONDS = 600.0
MOST_AT_ONCE = 8
WRITTEN_BYTES = 1 << 18  # at a time
NAME = "name"

_under_way: set[Path] = set()


async def receive(request: Request, folder: Path, *, most_bytes: int, suffixes: Collection[str]) -> Path:
    """The body of a request as a file in `folder`, with a name of our own and the ending of the client's.

    Args:
        request: a POST.
        folder: it is there.
        most_bytes: a file may have.
        suffixes: endings that are taken, in lower case with their dot.

    Raises:
        HTTPException: 413 it has more bytes; 415 another ending; 408 nothing comes, or too slowly; 400 nothing came, or
            the client has gone; 503 too many come at once. Nothing is left of it.
    """
    suffix = PurePosixPath(request.query_params.get(NAME, "")).suffix.lower()
    if suffix not in suffixes:
        raise _refused(415, f"{quoted(suffix) if suffix else 'no ending'}: expected a file that ends in "
                       f"{', '.join(sorted(suffixes))}")  # fmt: skip
    too_large = _refused(413, f"a file may have {most_bytes / 1e6:.0f} MB; this one has more")
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > most_bytes:
        raise too_large
    if len(_under_way) >= MOST_AT_ONCE:
        raise _refused(503, "too many files come at once; try again in a moment")
    path = folder / f"{secrets.token_hex(8)}{suffix}"
    _under_way.add(path)
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            size = await _write(_chunks(request), path, most_bytes=most_bytes, too_large=too_large)
        if not size:
            raise _refused(400, "the file is empty")
    except BaseException as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        if isinstance(error, TimeoutError):
            raise _refused(408, "the file came too slowly, or not at all; send it again") from None
        if isinstance(error, ClientDisconnect):
            raise _refused(400, "the file did not come whole") from None
        if isinstance(error, OSError):
            raise _refused(507, f"the file cannot be kept: {error.strerror}") from None
        raise
    finally:
        _under_way.discard(path)
    return path


async def _write(chunks: AsyncIterator[bytes], path: Path, *, most_bytes: int, too_large: Exception) -> int:
    """Write what comes, on other threads; the number of bytes."""
    size, waiting = 0, bytearray()
    with path.open("xb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > most_bytes:
                raise too_large
            waiting += chunk
            if len(waiting) >= WRITTEN_BYTES:
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(file.write, bytes(waiting))
    return size


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The chunks of a body, each within `STALLED_SECONDS` of the one before."""
    stream = request.stream()
    while True:
        async with asyncio.timeout(STALLED_SECONDS):
            try:
                chunk = await anext(stream)
            except StopAsyncIteration:
                return
        yield chunk


def _refused(status: int, says: str) -> HTTPException:
    """What is not read is not waited for: the connection ends with the answer."""
    return HTTPException(status, says, headers={"Connection": "close"})
