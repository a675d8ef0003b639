"""downloads: the files of jobs, for whoever the guard lets in. Sounds and pictures are shown; all else is kept."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from nsynth_lab.panel.jobs.jobs import Jobs

SHOWN = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".json": "application/json",
}
KEPT = "application/octet-stream"


def download_route(jobs: Jobs) -> Route:
    """`GET /api/jobs/{job}/{file}`; with `?keep` a browser writes it to its disk instead of showing it."""

    async def download(request: Request) -> Response:
        path = await asyncio.to_thread(jobs.file, request.path_params["job"], request.path_params["file"])
        if path is None:
            return PlainTextResponse("There is no such file; its job may have been removed.\n", 404)
        media_type = SHOWN.get(path.suffix.lower(), KEPT)
        keep = "keep" in request.query_params or media_type == KEPT
        if keep and request.method == "GET":
            jobs.note_download(request.path_params["job"])
        headers = {"Content-Disposition": kept_as(path.name)} if keep else {}
        return FileResponse(path, media_type=media_type, headers=headers)

    return Route("/api/jobs/{job}/{file:path}", download)


def kept_as(name: str) -> str:
    """The header by which a browser writes a file under this name, in any script. Source: RFC 6266."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
