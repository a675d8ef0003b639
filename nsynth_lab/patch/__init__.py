"""Patch: the recipe of a sound, a frozen validated value, and the preset files that hold it.

    presets/*.toml --> preset_file --> table --> Patch --> targets (knobs, controllers)
                        versions       rules     patch, sound, slot, effect_table

rules, fields  what a field may be: one rule checks, reads, writes and explains it
sound          blend, envelope, tuning, voice
effect_table   the built-in effects and their parameters, one row each
slot           one effect of the chain; layer: one instrument beside the blend
patch          all of it, with macros and MIDI routes
targets        parameters that macros and controllers can move, by name
table          TOML tables to these values and back
preset_file    files: bounded, versioned, written whole
library        presets by name
place          positions and weights, as they are written
sources        a blend of named sources, as typed
chance         random patches from a seed
schema         the grammar as a page
"""

from nsynth_lab.patch.effect_table import EFFECTS, EffectRow, find_effect
from nsynth_lab.patch.layer import Layer
from nsynth_lab.patch.macros import Macro, Move, Route
from nsynth_lab.patch.patch import Patch
from nsynth_lab.patch.preset_file import format_preset, parse_preset, read_preset, write_preset
from nsynth_lab.patch.slot import Slot
from nsynth_lab.patch.sound import STREAMS, Blend, Envelope, Lfo, Tuning, Voice
from nsynth_lab.patch.sources import blend_of
from nsynth_lab.patch.targets import Target, moved, targets

__all__ = [
    "EFFECTS",
    "STREAMS",
    "Blend",
    "EffectRow",
    "Envelope",
    "Layer",
    "Lfo",
    "Macro",
    "Move",
    "Patch",
    "Route",
    "Slot",
    "Target",
    "Tuning",
    "Voice",
    "blend_of",
    "find_effect",
    "format_preset",
    "moved",
    "parse_preset",
    "read_preset",
    "targets",
    "write_preset",
]
