"""Rendering: what a job does that plays a phrase into a sound file, as `nsynth-lab translate` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.analysis.phrase import read_phrase
from nsynth_lab.pack.formats.names import stem
from nsynth_lab.panel.produce.child import patch_of, session_of
from nsynth_lab.panel.produce.takes import clipped
from nsynth_lab.panel.translation.note_file import read_notes
from nsynth_lab.panel.translation.score import FULL_SCALE, Notes, Options, Target, played_of
from nsynth_lab.translate.residual import beside
from nsynth_lab.units import SAMPLE_RATE, FloatArray
from nsynth_lab.version import __version__

KIND, WORK = "translation", "nsynth_lab.panel.translation.rendering:render"


def render(
    folder: Path,
    tell: Any,
    *,
    phrase: str,
    title: str,
    options: Mapping[str, Any],
    target: Sequence[int],
    sound: Mapping[str, Any],
    session: Mapping[str, Any],
    guests: str,
    ending: str,
    notes: str = "",
    rest: str = "",
    residual: float | None = None,
) -> dict[str, Any]:
    """Play a phrase, or several `notes` at once, into a sound file; what it was, and how it went.

    `rest` is what is left of its sound without the notes; it is kept beside them, `residual` dB louder.

    Raises:
        NsynthLabError: the phrase, or the sound that plays it, cannot be used.
    """
    from nsynth_lab.render.parts import Parts
    from nsynth_lab.render.preset_synth import settings_of
    from nsynth_lab.render.song import BLOCK_SAMPLES, blocks_of
    from nsynth_lab.sinks.file import FileSink
    from nsynth_lab.synth.settings import Settings

    tell(0.0, 0.0, "reading")
    heard, chosen = read_phrase(phrase), Options(**options)
    low, high, struck = target
    several = Notes(heard, read_notes(Path(notes)) if notes else None)
    chosen = several.suited(chosen)
    played = played_of(several, chosen, Target(low, high, bool(struck)))
    made_by, patch = session_of(session, Path(guests)), patch_of(sound)
    parts = Parts(made_by, (), live=False, ahead_samples=BLOCK_SAMPLES, unlimited=True)
    settings = replace(settings_of(patch, mpe=True, seed=made_by.seed), follow=chosen.level_share)
    engine = parts.patched(patch, settings, Settings)
    path = folder / f"{stem(f'{title} {patch.name}')}.{ending}"
    comment = f"{title}, played with {patch.name} by nsynth_lab {__version__}, model {made_by.checkpoint.model_id}"
    done = 0
    with FileSink(path, comment=comment) as sink:
        blocks: Iterator[FloatArray] = blocks_of(engine, played.events, end_sample=heard.samples)
        if residual is not None:
            blocks = beside(blocks, _pcm_blocks(Path(rest)), gain_db=residual + played.makeup_db)
        for block in blocks:
            sink.write(block)
            done += block.shape[1]
            tell(min(done / SAMPLE_RATE, heard.seconds), heard.seconds, "playing")
    return {
        "file": path.name,
        "seconds": done / SAMPLE_RATE,
        "notes": played.notes,
        "transposed": played.transposed,
        "peak": sink.peak,
        "troubles": [*engine.troubles(), *clipped(sink.peak)],
    }


def _pcm_blocks(path: Path) -> Iterator[FloatArray]:
    samples = np.memmap(path, "<i2", "r")
    for at in range(0, len(samples), SAMPLE_RATE):
        yield samples[at : at + SAMPLE_RATE].astype(np.float32) / np.float32(FULL_SCALE)
