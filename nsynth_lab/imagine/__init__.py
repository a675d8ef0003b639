"""Instruments that nobody recorded, made from the real frames of one to three that somebody did.

    bank --> parents, weights --+--> candidate --> zones --> the user's bank
             offset of timbre --+        |
             controls ----------+        +--> ear: is it heard as one of its family, at its pitch, and unlike any other?

candidate    Candidate: parents, an offset of timbre and controls -> `note_of`, `zones_of`, `bank_of`. Start here
families     how much the members of a family differ, from which offsets and controls are drawn
draw         candidates drawn by chance
ear          Ear: notes decoded and heard by the classifier; `recognised`: how well as an instrument of a family
neighbours   how near to the real instruments
choose       Imagination: the first candidate that is heard as it should be, moved by descriptors
keep         into the user's bank; pictures: beside its parents
sound_map    the bank and what was imagined as points on a plane (`layout`), with their names beside (`labels`)
opening      Imagination from a checkpoint and its bank
descriptors  brighter, airy, hollow, nasal, percussive, measured
directions   of timbre, which change them; learnt from the bank as it is heard, `heard_bank`
"""
