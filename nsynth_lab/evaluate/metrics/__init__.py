"""Figures of sounds, latents and blends: each a pure function of what it measures."""
