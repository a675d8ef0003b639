"""A preset's effects applied to its clips, and where a loop with effects is closed.

Notes without a loop are processed until their tails have decayed. For a loop: a time-invariant effect turns a periodic
sound into a periodic sound, once its tail from before the loop has decayed. So the dry loop is repeated until one
repetition sounds like the one before; that one becomes the clip's loop. If an effect never gets there (a chorus whose
LFO does not fit the loop), the two repetitions that are most alike are used, if they are close enough to be crossfaded;
otherwise the clip has no loop, and the report says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

import numpy as np

from nsynth_lab.dsp.seam import close_seam, seam_error_db
from nsynth_lab.effects import Chain, chain_of
from nsynth_lab.pack.blend_clips import LONGEST_RELEASE_SECONDS, SETTLE_FRAMES, TAIL_FRAMES
from nsynth_lab.pack.finish import (
    NO_SEAM,
    WORST_SEAM_DB,
    ClosedClip,
    FinishedClip,
    levelled,
    step_db,
    why_not_looped,
)
from nsynth_lab.pack.formats.zones import Loop
from nsynth_lab.pack.preset_clips import MOST_TURNS, PresetClipLatents
from nsynth_lab.pack.quality import LOOPED, Seam
from nsynth_lab.pack.request import PackRequest
from nsynth_lab.patch import Patch
from nsynth_lab.render.offline import FADE_SAMPLES, faded
from nsynth_lab.synth.mixer import mix_whole
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, db_to_gain

CLOSED_DB = -50.0  # repetitions this similar count as equal;
WORST_JOIN_DB = -10.0  # repetitions this similar can be crossfaded without an audible dip
LONGEST_SETTLING_SECONDS = 12.0  # of repetitions, before giving up
LONGEST_TAIL_SECONDS = 10.0  # of a note without a loop
SETTLE_SAMPLES, TAIL_SAMPLES = SETTLE_FRAMES * HOP_SAMPLES, TAIL_FRAMES * HOP_SAMPLES
TAIL_DB, RELEASED_DB = -80.0, -60.0
BURST_SECONDS, BURST_DB = 0.25, -20.0


class PresetFinisher:
    """Applies a preset's effects to its decoded clips; on any thread, but with plugins on the main thread alone.

    Every clip gets a new chain, so that it does not depend on the clips before it or beside it; or the last one as good
    as new, if it has plugins, which take a third of a second to load.
    """

    def __init__(self, request: PackRequest) -> None:
        self._request = request
        self._patches = [request.patch_at(place) for place in request.positions]
        self._release_seconds: float | None = None
        self._measuring = Lock()
        self._kept: tuple[Patch, Chain] | None = None

    def finish(self, clips: Sequence[PresetClipLatents], decoded: Sequence[FloatArray]) -> Iterator[FinishedClip]:
        """Finish `clips`, whose voices are `decoded`, each [voices, samples]; round robins of a note are neighbours."""
        closed = [self._wet(clip, voices) for clip, voices in zip(clips, decoded, strict=True)]
        yield from levelled(closed, self._request, gain_db=0.0)

    def _wet(self, clip: PresetClipLatents, voices: FloatArray) -> ClosedClip:
        patch = self._patches[clip.key.position]
        dry = mix_whole(voices, clip.gains, [voice.latents.width for voice in clip.voices])
        release = max(clip.release_seconds, self._effects_release_seconds())
        loop: Loop | None = None
        with self._chain(patch) as chain:
            if clip.period is None:
                samples, seam = _whole(chain, dry), Seam(why_not_looped(clip, self._request))
            else:
                samples, loop, seam = _looped(chain, dry, clip.period.frames * HOP_SAMPLES)
            troubles = tuple(str(trouble) for trouble in chain.troubles())
        return ClosedClip(clip, _mono_if_same(samples), loop, seam, min(release, LONGEST_RELEASE_SECONDS), troubles)

    @contextmanager
    def _chain(self, patch: Patch) -> Iterator[Chain]:
        if not any(slot.plugin for slot in patch.effects):
            with chain_of(patch) as chain:
                yield chain
            return
        kept, self._kept = self._kept, None
        if kept and (kept[0].effects, kept[0].level_db) == (patch.effects, patch.level_db):
            chain = kept[1]
            chain.reset()
        else:
            chain = chain_of(patch)
        yield chain
        if chain.taken_out:
            chain.close()
        else:
            self._kept = (patch, chain)

    def _effects_release_seconds(self) -> float:
        """Time in which the effects decay by 60 dB; measured once, with a burst of noise."""
        with self._measuring:
            if self._release_seconds is None:
                self._release_seconds = _release_seconds(self._patches[0])
        return self._release_seconds


def _release_seconds(patch: Patch) -> float:
    burst = np.random.default_rng(0).standard_normal((2, round(BURST_SECONDS * SAMPLE_RATE)))
    dry = np.asarray(burst * db_to_gain(BURST_DB), np.float32)
    with chain_of(patch) as chain:
        wet = np.abs(chain.run(dry)).max(axis=0)
    heard = np.flatnonzero(wet > wet.max() * db_to_gain(RELEASED_DB))
    return max(0.0, (heard[-1] + 1 - dry.shape[1]) / SAMPLE_RATE) if len(heard) else 0.0


def _whole(chain: Chain, dry: FloatArray) -> FloatArray:
    """The note and its tail, which is faded out if it is too long."""
    wet = chain.run(dry)
    heard = np.flatnonzero(np.abs(wet).max(axis=0) > db_to_gain(TAIL_DB))
    end = max(int(heard[-1]) + 1 if len(heard) else 0, dry.shape[1])
    most = dry.shape[1] + round(LONGEST_TAIL_SECONDS * SAMPLE_RATE)
    return faded(wet[:, : min(end, most)], FADE_SAMPLES if end <= most else SAMPLE_RATE)


def _looped(chain: Chain, dry: FloatArray, turn: int) -> tuple[FloatArray, Loop | None, Seam]:
    """(the note up to a little beyond the end of its loop, the loop, its seam); the dry loop has `turn` samples."""
    end = dry.shape[1] - TAIL_SAMPLES
    if (error_db := seam_error_db(dry, start=end - turn, end=end)) > WORST_SEAM_DB:
        return faded(_whole(chain, dry)), None, Seam(NO_SEAM, error_db)
    closed = close_seam(dry, start=end - turn, end=end, fade=SETTLE_SAMPLES)[:, :end]
    wet, start, stop, error_db = _settled(chain, closed, turn)
    if error_db > WORST_JOIN_DB:
        return faded(wet[:, :end]), None, Seam("effects do not repeat", error_db)
    samples = close_seam(wet[:, : stop + TAIL_SAMPLES], start=start, end=stop, fade=SETTLE_SAMPLES)
    loop = Loop(start, stop)
    return faded(samples, FADE_SAMPLES // 2), loop, Seam(LOOPED, error_db, step_db(samples, loop))


def _settled(chain: Chain, dry: FloatArray, turn: int) -> tuple[FloatArray, int, int, float]:
    """(`dry` and repetitions of its last `turn` samples, with effects; start and end of the loop; its error in dB)."""
    end, late = dry.shape[1], chain.latency_samples
    most = 2 + max(MOST_TURNS, round(LONGEST_SETTLING_SECONDS * SAMPLE_RATE / turn))
    heard = [chain.process(dry)]
    for turns in range(1, most + 1):
        heard += [chain.process(dry[:, end - turn :])]
        edges = [end + number * turn for number in range(-1, turns - 1 - (late + TAIL_SAMPLES) // turn)]
        if len(edges) < 2:
            continue
        wet = np.concatenate(heard, axis=1)[:, late:]
        pairs = {pair: _apart_db(wet, *pair) for pair in itertools.combinations(edges, 2)}
        (start, stop), error_db = min(pairs.items(), key=lambda item: item[1])
        if error_db <= CLOSED_DB:
            break
    return wet, start, stop, error_db


def _apart_db(wet: FloatArray, start: int, end: int) -> float:
    """Difference between the sound around two places, in dB relative to the first."""
    first, last = start - SETTLE_SAMPLES, end - SETTLE_SAMPLES
    return seam_error_db(wet[:, : end + TAIL_SAMPLES], start=first, end=last)


def _mono_if_same(samples: FloatArray) -> FloatArray:
    return samples[:1] if np.array_equal(samples[0], samples[1]) else samples
