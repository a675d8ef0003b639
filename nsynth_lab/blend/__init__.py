"""Blending: notes of up to eight instruments become one note of an instrument that lies between them.

A crossfade adds two sounds and one hears both. A blend mixes what the sounds are made of: one excitation, at one
pitch, with one level, whose colour lies between its sources'. So it takes place in latents, and each of their four
streams is a weighted mean of its sources' (weights sum to 1):

    timbre       linear, in the encoder's own coordinates; or spherical: its direction turns from source to source and
                 its length goes straight, where a straight mean of unlike timbres is shorter than either (see
                 `compiled.sphere` for the law and its source)
    loudness_db  linear in dB: halfway from a flute to a piano dies away half as fast
    f0_cents     linear: half the vibrato
    partials     linear, slot by slot: half as stretched

Such means only make sense between frames that do the same thing in their notes. So first the sources are brought
into step (`align`): all begin at their onset, their attacks take the weighted mean of their attacks' lengths, their
releases that of their releases', and the sustain fills what is left:

    source A   |-attack-|------------sustain------------|-release-|
    source B   |attack|---sustain---|--release--|
    blend      |-attack|----------sustain-------------|-release-|

A sustain is lengthened without a loop that could be heard and shortened as if the key had gone up earlier
(`stretch`). That a tail of one source should hang over the end of another cannot happen.

Stations, in the order of the flow:

    weights, curve   a position, weights of up to eight sources or a path in time -> weights
    parts            a note -> onset, attack, sustain, release
    ping_pong, sustain  a longer or shorter sustain
    plan, read       a curve of read positions -> a re-timed note
    stretch, align   one note, several notes
    mix              the weighted mean
    loop, repeat     a note that closes on itself: a steady blend, a moving one

Source of the idea: Engel et al., Neural Audio Synthesis of Musical Notes with WaveNet Autoencoders (2017); for why
onset and envelope must be aligned: Caetano and Rodet, Musical Instrument Sound Morphing Guided by Perceptually
Motivated Features (2013).
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
