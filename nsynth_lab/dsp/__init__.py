"""Pure signal maths: arrays in, arrays out, no files, no state, nothing learnt.

Into latents: the measured streams of a note (`measure`), from windows (`framing`), level (`loudness`), the
fundamental (`pitch`, and `pitch_guess` where no note is given) and the places of the partials (`partials`).
Back to sound: partials (`oscillators`) and filtered noise (`noise`). Both ways: `resampling`, `envelope`, `mel`,
and the filter bank `pqmf`.
"""
