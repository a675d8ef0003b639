"""Tones heard and explained: a chord or a scale, as sines or played by an instrument, and why it sounds as it does.

asked      which tones, from names of notes, frequencies or a scale; in which tuning; when each begins
ratios     frequency ratios, and the small whole numbers nearest to them
sounds     sines, their sum, the sum of what an instrument played
facts      partials, where they meet, beats and roughness: everything that is told
picture    the waves, their sum and the spectrum
"""
