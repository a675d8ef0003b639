"""Routes of recordings: where a sound is sent to, and where the original and the reconstruction are heard."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from nsynth_lab.audio import ENDINGS
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.panel.recordings.recordings import Recordings

PATH = "/api/recordings"
MOST_BYTES = 64 << 20  # five minutes of a CD; one note takes a hundredth
MOST_CORNERS = 8


def recording_routes(recordings: Recordings) -> list[Route]:
    """`POST /api/recordings?name=voice.wav&corner=0`; `GET /api/recordings/{recording}/original.wav`, and the other."""

    async def send(request: Request) -> Response:
        corner = _corner(request)

        def begin(sound: Path, file_name: str) -> str:
            return recordings.begin(sound, file_name=file_name, corner=corner)

        try:
            recording = await recordings.receive(request, begin, most_bytes=MOST_BYTES, suffixes=ENDINGS)
        except NsynthLabError as error:
            return PlainTextResponse(f"{error}\n", 409, headers={"Connection": "close"})
        return JSONResponse({"recording": recording})

    async def sound(request: Request) -> Response:
        path = recordings.sound(request.path_params["recording"], request.path_params["file"])
        if path is None:
            return PlainTextResponse("There is no such sound; its recording may have been removed.\n", 404)
        return FileResponse(path, media_type="audio/wav")

    return [Route(PATH, send, methods=["POST"]), Route(f"{PATH}/{{recording}}/{{file}}", sound)]


def _corner(request: Request) -> int:
    given = request.query_params.get("corner", "0")
    if not (given.isascii() and given.isdigit() and int(given[:3]) < MOST_CORNERS):
        raise HTTPException(400, f"a corner is a number from 0 to {MOST_CORNERS - 1}")
    return int(given)
