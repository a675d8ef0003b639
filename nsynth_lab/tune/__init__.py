"""Tunes: melodies in bars, with key, metre and form. No torch.

    .abc              --> abc ------+            +--> abc ------> .abc
    .mid              --> midi -----+--> Tune ---+--> midi -----> .mid, repeats played out
    .musicxml or .mxl --> musicxml -+            +--> musicxml -> .musicxml --> engrave --> .svg, .pdf, .png

files      read_tune and write_tune, whatever the file: start here
tune       Tune, Bar, TuneNote: frozen values, lengths in exact fractions of a whole note
key, metre, pitch, marks, chord_name   what they are made of
places     where bars begin in their metre, which do not add up
played     repeats and endings written out, ties joined: what sounds
form       sections and their letters
spelling   notes outside the key, spelled as their chords have them
find       key, metre, upbeat and repeats of notes that do not name them
abc, midi, musicxml    the doors
engrave    the only door to verovio; svg_shapes takes its pages apart for .pdf and .png; piano_roll does without it
ties, tuplets, lines   what doors share: true ties, tuplets found in lengths, and what is to be told
"""
