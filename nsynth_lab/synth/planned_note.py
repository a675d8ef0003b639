"""One key planned from its first frame to its last, without decoding: clips are made from it.

Player, zone reader and planner are those of the engine, so a clip is exactly the note that the engine plays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nsynth_lab.blend.modulation import Moments
from nsynth_lab.compiled.voices import FRAME_SECONDS
from nsynth_lab.midi.events import note_off, note_on
from nsynth_lab.synth.channels import Channels
from nsynth_lab.synth.planner import Frames, on_grid, plan_until
from nsynth_lab.synth.player import Player
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.synth.voice_allocator import VoiceAllocator
from nsynth_lab.synth.zone_reader import ZoneReader
from nsynth_lab.units import SAMPLE_RATE, Doubles

END_OF_TIME = 1 << 60


@dataclass(frozen=True)
class PlannedVoice:
    """One voice of a key, which has several in unison.

    Attributes:
        frames: all of its frames, in order.
        swing_db: [frames] level LFOs, already included in `frames.level_db`.
        detune_cents: from the pitch of its key.
        attack_frames: length of its attack, fractional.
        release_frame: frames before its release; all of them if it ends before that.
        seed: of its noise.
    """

    frames: Frames
    swing_db: Doubles
    detune_cents: float
    attack_frames: float
    release_frame: int
    seed: int


def plan_note(
    sources: Sources, settings: Settings, *, key: int, velocity: int, hold_seconds: float, seed: int = 0
) -> list[PlannedVoice]:
    """The voices of one key, struck at sample 0 and held for `hold_seconds`, as the first note of an engine.

    Empty if the tuning leaves the key unmapped.
    """
    allocator = VoiceAllocator(settings.voices)
    reader = ZoneReader(sources, len(allocator.table.frames))
    player = Player(
        settings,
        [reader],
        allocator,
        Channels(),
        cut=_nothing,
        clear=_nothing,
        on_control_change=_no_change,
        assigned={},
        seed=seed,
    )
    player.handle(note_on(key, velocity), 0)
    seeds = dict(player.take_starts())
    voices = [(voice.slot, 100.0 * voice.detune) for voice in allocator.voices]
    key_up = on_grid(round(hold_seconds * SAMPLE_RATE))
    if not voices:
        return []
    parts = [part for parts in plan_until(player, key_up) for part in parts]
    player.handle(note_off(key), key_up)
    parts += [part for parts in plan_until(player, END_OF_TIME) for part in parts]
    every, planned = Frames.joined(parts), []
    for slot, detune_cents in voices:
        own = every.at(np.flatnonzero(every.slots == slot))
        count = len(own.slots)
        seconds = np.asarray((np.arange(count) + 1) * FRAME_SECONDS, np.float64)
        moments = Moments.steady(seconds, bpm=settings.tempo_bpm)
        planned.append(
            PlannedVoice(
                frames=own,
                swing_db=settings.motion.level_db(moments) if settings.motion else np.zeros(count),
                detune_cents=detune_cents,
                attack_frames=float(reader.layers.attack[slot]),
                release_frame=int(min(reader.layers.release_at[slot], count)),
                seed=seeds[slot],
            )
        )
    return planned


def _nothing(*_given: object, **_named: object) -> None:
    """A single key steals no voices."""


def _no_change(*_given: float) -> Mapping[str, object]:
    return {}
