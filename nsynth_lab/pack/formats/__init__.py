"""One module for each sampler format, all from one map of zones; and what else lies in the folder of a pack.

    records --> zones --> sfz, sf2, decentsampler
                  |       report, readme, preview, cover
                  +-----> manifest, last

The clips are handed in; nothing here decodes.
"""
