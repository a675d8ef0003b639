"""The files of a pack: one module per sampler format, all written from one map of zones.

    clips --> wav            each clip as a WAV or FLAC file
    PackMap (zones) --> sfz, sf2, decentsampler, multisample, opxy, renoise, ableton, mpc
                    --> readme, report, preview, pictures
    documents writes all of these, and the manifest last

Nothing here decodes: clips come in as samples.

To add a sampler format: write a module here that names its files and writes them from a `zones.PackMap`, as `sfz` does;
add it to `documents.WRITERS`, to `pack.format_table`, which says what it is called and cannot hold, and a line about it
to `readme`. `copies` has the clips for formats that keep their own. `tests/test_pack_engines.py` plays packs in real
samplers, `tests/test_pack_formats.py` reads every format.
"""
