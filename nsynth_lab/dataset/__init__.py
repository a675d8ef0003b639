"""Data sets of single notes: read, checked, and made from folders of recordings or from SoundFonts.

A data set is a folder in NSynth's layout (`notes` reads it, `note_writer` writes it):

    recordings/  -> recordings, file_names -> screening -> from_folder    --+
                    (what names say)          (what the sound says)         +-> data set -> prepare -> train, evaluate
    font.sf2     -> font_file, font_presets, font_instruments               |                 check, coverage
                    -> soundfont_notes (through fluidsynth) -> from_soundfont --+

Start with `notes` for the layout and the held-out split. To understand one more way of writing notes or velocities in
file names, add it to `name_tokens` (one name) or `file_names` (all names of a folder) and to `tests/name_schemes.py`.
To report one more fault in data sets, add a kind to `check.PROBLEM_KINDS`.
"""
