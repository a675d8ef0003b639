"""Routes of phrases: where a tune is sent to, and what was heard in it.

/api/phrases                            POST a sound or a .phrase
/api/phrases/{phrase}/picture           pitch, level and spectrogram, JSON
/api/phrases/{phrase}/notes.mid         its notes, as they are played now
/api/phrases/{phrase}/phrase.phrase     to be sent again another time, or for nsynth-lab translate
/api/inputs                             the audio inputs of this machine, JSON
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from nsynth_lab.analysis.phrase import ENDING
from nsynth_lab.audio import ENDINGS
from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.naming import file_stem
from nsynth_lab.panel.in_thread import in_thread
from nsynth_lab.panel.jobs.downloads import KEPT, kept_as
from nsynth_lab.panel.translation.hearing import PHRASE
from nsynth_lab.panel.translation.picture import picture_of
from nsynth_lab.panel.translation.translation import Translation
from nsynth_lab.sinks.outputs import inputs

PATH = "/api/phrases"
MOST_BYTES = 64 << 20  # as of other sounds
SUFFIXES = (*ENDINGS, ENDING)


def phrase_routes(translation: Translation) -> list[Route]:
    """All of the above."""
    phrases = translation.phrases

    def begin(sound: Path, file_name: str) -> str:
        return phrases.begin(sound, file_name=file_name)

    async def send(request: Request) -> Response:
        try:
            name = await phrases.receive(request, begin, most_bytes=MOST_BYTES, suffixes=SUFFIXES)
        except NsynthLabError as error:
            return PlainTextResponse(f"{error}\n", 409, headers={"Connection": "close"})
        return JSONResponse({"phrase": name})

    def picture(request: Request) -> Response:
        return JSONResponse(picture_of(phrases.of(request.path_params["phrase"])))

    def notes(request: Request) -> Response:
        name = request.path_params["phrase"]
        headers = _kept_as(phrases.of(name).title, ".mid")
        return Response(translation.midi(name), media_type="audio/midi", headers=headers)

    def phrase(request: Request) -> Response:
        kept = phrases.of(request.path_params["phrase"])
        if kept.notes.several is not None:
            raise UsageError(f"a {ENDING} holds one voice: take several notes at once as MIDI")
        return FileResponse(kept.folder / PHRASE, media_type=KEPT, headers=_kept_as(kept.title, ENDING))

    answers = {"picture": picture, "notes.mid": notes, f"phrase{ENDING}": phrase}

    def asked(request: Request) -> Response:
        if (answer := answers.get(request.path_params["file"])) is None:
            return PlainTextResponse("There is no such file of a phrase.\n", 404)
        try:
            return answer(request)
        except NsynthLabError as error:
            return PlainTextResponse(f"{error}\n", 404)

    return [
        Route(PATH, send, methods=["POST"]),
        Route(f"{PATH}/{{phrase}}/{{file}}", in_thread(asked)),
        Route("/api/inputs", in_thread(_inputs)),
    ]


def _inputs(_: Request) -> Response:
    try:
        found: list[dict[str, Any]] = [asdict(one) for one in inputs()]
        return JSONResponse({"inputs": found, "problem": ""})
    except NsynthLabError as error:
        return JSONResponse({"inputs": [], "problem": str(error)})


def _kept_as(title: str, ending: str) -> dict[str, str]:
    return {"Content-Disposition": kept_as(f"{file_stem(title, instead='phrase')}{ending}")}
