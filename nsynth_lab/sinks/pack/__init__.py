"""A folder of clips that samplers load, in every format from one map of zones.

    clips --> store --> records --> zones --> sfz, sf2, decentsampler
    clip, wav  |                      |       report, readme, preview, cover
               +-- resumes            +-----> manifest, last

The clips are handed in; nothing here decodes.
"""
