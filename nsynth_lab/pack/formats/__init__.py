"""The files of a pack: one module per sampler format, all written from one map of zones.

    clips --> wav            each clip as a WAV or FLAC file
    PackMap (zones) --> sfz, sf2, decentsampler
                    --> readme, report, preview, pictures
    documents writes all of these, and the manifest last

Nothing here decodes: clips come in as samples.

To add a sampler format: write a module here that turns a `zones.PackMap` into the bytes of its file, as `sfz` does; add
the file's name to `documents.document_files` and the call to `documents.write_documents`; add the format to `FORMATS`
in `pack.request`, and a line about it to `readme`. `tests/test_pack_engines.py` plays packs in real samplers.
"""
