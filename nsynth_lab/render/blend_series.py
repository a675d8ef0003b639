"""One clip of a blend, or a series from the first source to the second: blended, decoded, reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nsynth_lab.audio import Audio
from nsynth_lab.blend.even import STEPS
from nsynth_lab.latents import Latents
from nsynth_lab.render.offline import measured_f0_hz
from nsynth_lab.render.recordings import Progress
from nsynth_lab.render.request import BlendRequest
from nsynth_lab.render.session import Session
from nsynth_lab.units import SAMPLE_RATE

GAP_SECONDS = 0.25


@dataclass(frozen=True)
class Series:
    """The clips made: each request with its plain position, its sound, and the time that decoding took."""

    requests: Sequence[BlendRequest]
    sounds: Sequence[Audio]
    decode_seconds: float

    def joined(self) -> Audio:
        """All clips in one, a quarter of a second apart."""
        channels = max(len(sound.samples) for sound in self.sounds)
        gap = np.zeros((channels, int(GAP_SECONDS * SAMPLE_RATE)), np.float32)
        sounds = [np.repeat(sound.samples, channels // len(sound.samples), axis=0) for sound in self.sounds]
        parts = [part for sound in sounds for part in (gap, sound)]
        return Audio(np.concatenate(parts[1:], axis=1))

    def report(self, session: Session) -> dict[str, Any]:
        """A report of plain values, for --json and the terminal."""
        first, joined = self.requests[0], self.joined()
        decoded = sum(sound.seconds for sound in self.sounds)
        return {
            "positions": [request.place for request in self.requests],
            "model": session.checkpoint.model_id,
            "device": session.device,
            "note": first.note.name,
            "velocity": first.note.velocity,
            "seconds": round(joined.seconds, 3),
            "times_real_time": round(decoded / self.decode_seconds, 1),
            "peak": round(joined.peak, 4),
            "f0_hz": measured_f0_hz(self.sounds[0], first.note),
            "asked_f0_hz": round(first.note.hz, 2),
            "seed": session.seed,
        }


def render_series(
    session: Session, requests: Sequence[BlendRequest], *, even: bool, progress: Progress, mono: bool = False
) -> Series:
    """Blend and decode every request; with `even`, at positions that sound equally far apart (see `blend.even`).

    Stereo sources make stereo sounds, unless `mono` is asked for.

    Raises:
        UsageError, AudioError, LatentsError: a source that cannot be used.
    """
    first = requests[0]
    notes = [session.source(text, first.note, track=first.blend.key_track) for text in first.sources]
    if even:
        requests = _evenly(session, requests, notes, progress)
    sounds: list[Audio] = []
    decode_seconds = 0.0
    with progress(len(requests) * first.samples, "samples", "decoding") as advance:
        for request in requests:
            latents = session.blend(request, notes)
            if mono:
                latents = replace(latents, width=None)
            rendered = session.render(latents, samples=request.samples, advance=advance)
            sounds.append(rendered.audio)
            decode_seconds += rendered.decode_seconds
    return Series(requests, sounds, decode_seconds)


def _evenly(
    session: Session, requests: Sequence[BlendRequest], notes: Sequence[Latents], progress: Progress
) -> list[BlendRequest]:
    with progress(STEPS * requests[0].samples, "samples", "measuring the way") as advance:
        axis = session.even_axis(requests[0], notes, advance=advance)
    return [request.at((axis.plain(request.place[0]),)) for request in requests]
