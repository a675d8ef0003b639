"""Blending: notes of up to eight instruments become one note of an instrument in between.

A crossfade adds two sounds, and one hears both. A blend is one sound, with one pitch and one level, whose timbre lies
between those of its sources. So it is done in latents: each of their streams is the weighted mean of the
sources' streams (weights sum to 1):

    timbre       linear, in the encoder's coordinates; or spherical: its direction rotates from source to source and its
                 length is the mean of their lengths, whereas the linear mean of unlike timbres is shorter than either
                 (`compiled.sphere` has the law and its source)
    loudness_db  linear in dB: halfway from a flute to a piano decays half as fast
    f0_cents     linear: half the vibrato
    partials     linear, slot by slot: half the inharmonicity
    unpitched    where there is any: bands of noise and levels of resonances linear in dB, frequencies of resonances on
                 a logarithmic scale; how much of it sounds, linear in power: halfway from a snare to a cello is half
                 as noisy
    width, detail
                 where there is any: linear, in dB and in angles; a sound without counts as mono, and as 0 dB

Means make sense only between frames that play the same role in their notes. So the sources are aligned first
(`align`): all start at their onset, all attacks are stretched to the weighted mean of their lengths, likewise all
releases, and the sustain fills the rest:

    source A   |-attack-|------------sustain------------|-release-|
    source B   |attack|---sustain---|--release--|
    blend      |-attack|----------sustain-------------|-release-|

A sustain is lengthened without an audible loop, or shortened as if the key had been released earlier (`stretch`). So
the tail of one source never sticks out beyond the end of another.

Modules, in signal order; `mix.blend` is where the blend itself is computed:

    weights, curve   a position, weights of up to eight sources or a path in time -> weights
    modulation       a patch's blend over time: path, LFOs, wheel
    parts            a note -> onset, attack, sustain, release
    ping_pong        a longer sustain, without a loop
    stretch_plan     which frame of a note is read when, and at what level
    read             latents read at fractional frames
    stretch, align   one note at another length; several notes aligned
    mix              the weighted mean
    velocity         which velocity layers sound, and how loud
    variation        round robins
    loop             closes a loop in a steady note; moving_loop in one that a patch moves
    even             positions redrawn so that equal steps sound equally large

Sources: Engel et al., Neural Audio Synthesis of Musical Notes with WaveNet Autoencoders (2017); on why onset and
envelope must be aligned: Caetano and Rodet, Musical Instrument Sound Morphing Guided by Perceptually Motivated Features
(2013).
"""

from nsynth_lab.blend.align import align
from nsynth_lab.blend.curve import Curve, parse_curve
from nsynth_lab.blend.mix import blend
from nsynth_lab.blend.read import read_at
from nsynth_lab.blend.stretch import stretch
from nsynth_lab.blend.weights import corners, normalised, pair, place_weights, triangle

__all__ = [
    "Curve",
    "align",
    "blend",
    "corners",
    "normalised",
    "pair",
    "parse_curve",
    "place_weights",
    "read_at",
    "stretch",
    "triangle",
]
