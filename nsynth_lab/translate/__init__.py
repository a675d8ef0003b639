"""Translate: a phrase, or what comes in live, becomes the playing of another instrument. Events for the engine."""
