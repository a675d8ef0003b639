"""What each step above a tonic says for it, as the logarithm of odds for a share of 1.

Learnt by `nsynth_lab.train.keys` from 1,195 Irish dance tunes (Ceol Rince na hÉireann, the Polifonia project's MIDI
corpus, CC BY 4.0, tonics named by experts) and 977 of the Nottingham collection, which say their keys. Where four parts
of five are learnt from, near duplicates together, the tonic is found of 86.3 % and 91.8 % of the fifth. Weights set by
hand before found 80.2 % and 87.4 %.
"""

# by where a step sounds: see `key.shares`
PLACES: dict[str, tuple[float, ...]] = {
    "bars": (-0.5, -10.4, 0.6, 1.0, -0.5, 0.6, 6.0, 0.2, 0.1, 0.7, 1.7, 0.8),
    "first": (1.4, -2.1, 0.9, -0.5, 2.3, -0.1, -4.2, 1.5, -1.5, 1.5, -0.9, 2.0),
    "last": (1.3, 0.7, 0.3, -0.9, 0.3, 0.5, -0.2, 0.5, -4.0, 0.2, 0.4, 1.0),
    "closing": (2.2, -3.4, 1.6, 4.5, -3.7, 3.2, -3.2, 2.0, 0.4, 0.2, 3.0, -5.9),
}
# by how long each step sounds
BY_MODE: dict[str, tuple[float, ...]] = {
    "major": (21.5, -7.7, 7.9, -9.3, 22.3, 3.9, -40.8, 20.7, 4.1, 10.9, -42.0, 10.2),
    "minor": (24.6, -14.9, 11.2, 13.8, -24.1, -0.5, -4.4, 21.8, -4.3, -43.8, 8.9, 12.4),
    "dorian": (26.6, -7.8, 17.4, 11.9, -34.1, 6.5, -3.9, 23.8, -40.5, -1.5, 19.3, -21.5),
    "mixolydian": (18.6, -5.8, 7.3, -27.0, 14.1, 8.8, -14.2, 15.8, -9.3, -1.6, 5.7, -11.4),
}
PRIOR = {"major": 0.0, "minor": -1.4, "dorian": -5.9, "mixolydian": -1.0}
