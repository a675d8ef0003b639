"""Tunes: melodies in bars, with key, metre and form. No torch.

    .abc --> abc --> Tune --> abc --> .abc

tune       Tune, Bar, TuneNote: frozen values, lengths in exact fractions of a whole note
key, metre, pitch, marks   what they are made of
places     where bars begin in their metre, which do not add up
played     repeats and endings written out, ties joined: what sounds
form       sections and their letters
abc        the door to ABC
ties, tuplets, lines   what doors share: true ties, tuplets found in lengths, and what is to be told
"""
