"""Render: the one place that sees sources, blend, decoder and what the audio is for.

request    a note of a blend as a clip: who, where between them, which note, how long; blend_series makes it, or many
play_request  what is played and how the synth is set, for `play` and `render`
session    a checkpoint loaded once, and what can be done with it
song       the loop that pulls blocks through a synth until a MIDI file is over
parts      what each MIDI channel plays; ensemble, the engines that it takes, as one
live       the same, at the pace of a device; event_queue, meter, machine are its parts
offline    the loop that pulls blocks until a note is whole
targets    where files may be written
pack*      sample packs: request, plan, latents of each clip, batches, clips, a preset's effects, the map of zones
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT
    from nsynth_lab.render.offline import Rendered, measured_f0_hz, render_whole
    from nsynth_lab.render.output_paths import LATENTS_ENDING, SOUND_ENDINGS, check_outputs
    from nsynth_lab.render.request import BlendRequest, check_seconds
    from nsynth_lab.render.session import Session, pick_device

_ROOMS = {  # looked up when they are asked for: what checks a request must not wait for torch
    "nsynth_lab.model.banks": ("DEFAULT_CHECKPOINT",),
    "nsynth_lab.render.offline": ("Rendered", "measured_f0_hz", "render_whole"),
    "nsynth_lab.render.request": ("BlendRequest", "check_seconds"),
    "nsynth_lab.render.session": ("Session", "pick_device"),
    "nsynth_lab.render.output_paths": ("LATENTS_ENDING", "SOUND_ENDINGS", "check_outputs"),
}

__all__ = [
    "DEFAULT_CHECKPOINT",
    "LATENTS_ENDING",
    "SOUND_ENDINGS",
    "BlendRequest",
    "Rendered",
    "Session",
    "check_outputs",
    "check_seconds",
    "measured_f0_hz",
    "pick_device",
    "render_whole",
]


def __getattr__(name: str) -> object:
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(room), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
