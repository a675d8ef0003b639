"""Stands in for the sound card, so that `play` can be timed on machines with and without one.

The folder is put on PYTHONPATH, where `sounddevice` is then found before the real one.
"""
