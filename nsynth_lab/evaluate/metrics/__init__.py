"""Metrics of sounds, latents and blends, as pure functions.

Start with `compare` (a decoded note against its recording) and `blend_path` (the sounds between two instruments), which
combine the others; `sound` measures a sound once for all metrics, `summary` reduces many values to a few figures.
"""
