"""Pure signal processing: arrays in, arrays out; no files, no state, nothing learnt.

Sound -> measured streams of a note   `measure`: from windows (`framing`), A-weighted level (`loudness`), fundamental
                                      (`pitch`; `pitch_guess` if no note is given) and frequencies of the `partials`
Controls -> sound                     a bank of partials (`oscillators`), filtered `noise`
Sounds without a pitch                `unpitched` measures `resonances` and bands of noise; `unpitched_renderer` plays
                                      them, on `noise_carriers`; `tone_and_rest` takes half-pitched ones apart
Recordings from anywhere              `inspection` (what is wrong with one), `recording` (trimming, clipping), `offset`;
                                      `mains_hum` and `hum_filter` find a hum and take it out
Levels and spectra                    `mel`, `harmonics`, `programme_loudness` (LUFS), `bandwidth`, `rises`
Time                                  `envelope` (attack end, release begin), `seam` (loops), `resampling`
Losses in dB                          `spectral_distance`, `spectral_target`, `attack_distance`
"""
