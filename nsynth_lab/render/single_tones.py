"""Single tones of an instrument or a blend at any frequency, each played by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from nsynth_lab.midi.events import note_off, note_on
from nsynth_lab.render.instrument import load_sources, make_engine
from nsynth_lab.render.play_request import PlayRequest
from nsynth_lab.render.session import Session
from nsynth_lab.render.song import BLOCK_SAMPLES, blocks_of
from nsynth_lab.synth.tuning import Tuning
from nsynth_lab.units import FloatArray, seconds_to_samples


def single_tones(
    session: Session, asked: PlayRequest, tones: Sequence[tuple[int, float]], *, velocity: int, hold_seconds: float
) -> Iterator[FloatArray]:
    """The sound [2, samples] of each tone, with its release; of instruments, not of a preset.

    Args:
        session: checkpoint and bank.
        asked: the instruments and where between them.
        tones: (key that is struck, Hz that it sounds at) of each.
        velocity: how hard, 1 to 127.
        hold_seconds: until the key is released.

    Raises:
        UsageError, AudioError, LatentsError: something it is made of cannot be used.
    """
    sources = load_sources(session, asked.sources)
    settings, held = asked.settings(), seconds_to_samples(hold_seconds)
    for key, hz in tones:
        table = list(settings.tuning.table_hz)
        table[key] = hz
        tuned = replace(settings, tuning=Tuning(tuple(table)))
        engine = make_engine(session, [sources], tuned, ahead_samples=BLOCK_SAMPLES, unlimited=True)
        events = [note_on(key, velocity), note_off(key, at_sample=held)]
        yield np.concatenate(list(blocks_of(engine, events, end_sample=held)), axis=1)
