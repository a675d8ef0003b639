"""Produce: what a player takes away from the panel. Each is a job, and pages show them all in one list.

    takes    what sounds, recorded in the panel's own process
    songs    a MIDI file, rendered with the present sound
    packs    a sample pack of it: what it will cost, then all of it, and its zip file
    child    the session of a job's process
    desk     takes the pages' requests

Songs and packs are the same requests that `nsynth-lab render` and `nsynth-lab pack` make.
"""
