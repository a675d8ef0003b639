"""Mapping: where each instrument is on the map, near to those that sound alike; made as a job when it is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsynth_lab.panel.jobs.job import DONE, RUNNING, WAITING
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.panel.jobs.limits import GIB, Limits
from nsynth_lab.panel.messages.evolving import MapInstruments
from nsynth_lab.panel.produce.child import session_arguments, session_of

if TYPE_CHECKING:
    from nsynth_lab.panel.instrument import Instrument

KIND, TITLE, WORK = "map", "Map of the instruments", "nsynth_lab.panel.mapping:drawn"
FILE = "map.json"
LIMITS = Limits(memory_bytes=4 * GIB, processor_seconds=1800, file_bytes=16 << 20)
Tell = Callable[[float, float, str], None]


def map_handlers(instrument: Instrument, jobs: Jobs) -> Mapping[type, Callable[[Any], None]]:
    """What to do with `MapInstruments`: nothing where there is a map of these instruments, or one is being made."""

    def begin(_: MapInstruments) -> None:
        session = instrument.session
        names = sorted(name for name in session.bank.entries if session.guest(name) is None)
        bank = hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
        for name, row in jobs.rows().items():
            if row["kind"] != KIND:
                continue
            if row["about"]["bank"] == bank and row["state"] in (WAITING, RUNNING, DONE):
                return
            jobs.forget(name)
        arguments = {"session": session_arguments(session)}
        jobs.start(KIND, TITLE, WORK, arguments, about={"bank": bank}, limits=LIMITS, brief=True)

    return {MapInstruments: begin}


def drawn(folder: Path, tell: Tell, *, session: Mapping[str, Any]) -> dict[str, Any]:
    """As a job: write `map.json`, a row for each instrument of the bank and of the user's, as `sound_map` has it.

    Raises:
        CheckpointError: there is no classifier or no bank.
    """
    from nsynth_lab.imagine.sound_map import sound_map

    @contextmanager
    def progress(total: int, _: str, title: str) -> Iterator[Callable[..., None]]:
        done = 0

        def advance(count: int = 1) -> None:
            nonlocal done
            done += count
            tell(done, total, title)

        yield advance

    tell(0.0, 0.0, "reading the bank")
    made_by = session_of(session)
    places = sound_map(made_by.folder, made_by.bank, made_by.checkpoint, progress=progress)
    (folder / FILE).write_text(json.dumps([asdict(place) for place in places]), encoding="utf-8")
    return {"instruments": len(places)}
