"""Render: the one place that sees sources, blend, synth, effects and outputs together.

What is asked for, checked before anything is loaded:
    request, play_request   a clip of a blend; what `play` and `render` play
    output_paths            where files may be written
    compute_device          processor or graphics card

What plays it:
    session                 a checkpoint loaded once: weights, bank, device, seed
    recordings              sound files as latents, each encoded once
    instrument, parts       sources and an engine for them; what each MIDI channel plays
    preset_synth            a patch as settings of the synth, with its effects behind it
    ensemble                several engines as one; with_partner: the player's and a partner's

The loops that pull blocks:
    live, live_thread       at the pace of a device or of the clock (event_queue, load_meter, machine)
    partner                 somebody who plays with the player, live and offline
    song, preset            a MIDI file, or a note or phrase of a preset, as fast as possible
    offline, blend_series   one clip of a blend, or a series of them, straight from the decoder

Presets:
    patch_note              one note of a patch as latents, for clips
    levelling, check_preset, gallery

Start with `song.render_song`, the shortest of the loops. A live block is made in `live.Live._block`. The sound of
`blend` is made in `blend_series.render_series`, that of `render` and `preset render` in `song.blocks_of`, and that of a
pack in `nsynth_lab.pack`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nsynth_lab.lazy import lazy_names

if TYPE_CHECKING:
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT
    from nsynth_lab.render.compute_device import pick_device
    from nsynth_lab.render.offline import Rendered, measured_f0_hz, render_whole
    from nsynth_lab.render.output_paths import LATENTS_ENDING, PICTURE_ENDINGS, SOUND_ENDINGS, check_outputs
    from nsynth_lab.render.request import BlendRequest, check_seconds
    from nsynth_lab.render.session import Session

_ROOMS = {  # looked up when they are asked for: what checks a request must not wait for torch
    "nsynth_lab.model.banks": ("DEFAULT_CHECKPOINT",),
    "nsynth_lab.render.compute_device": ("pick_device",),
    "nsynth_lab.render.offline": ("Rendered", "measured_f0_hz", "render_whole"),
    "nsynth_lab.render.request": ("BlendRequest", "check_seconds"),
    "nsynth_lab.render.session": ("Session",),
    "nsynth_lab.render.output_paths": ("LATENTS_ENDING", "PICTURE_ENDINGS", "SOUND_ENDINGS", "check_outputs"),
}

__all__ = [
    "DEFAULT_CHECKPOINT",
    "LATENTS_ENDING",
    "PICTURE_ENDINGS",
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

__getattr__ = lazy_names(__name__, _ROOMS)
