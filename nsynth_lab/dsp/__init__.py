"""Pure signal maths: arrays in, arrays out, no files, no state, nothing learnt.

The measured streams of a note are made here (`measure`), from windows (`framing`), level (`loudness`), the
fundamental (`pitch`) and the places of the partials (`partials`).
"""
