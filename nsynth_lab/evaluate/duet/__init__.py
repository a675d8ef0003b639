"""Measures how well the duet answers: a simulated player plays phrases of tunes the model never saw.

player            a made player: a tune's bars at a tempo, with swing, accents, and hands that are a little off
evaluate          what is measured of the answers, as rows with a goal each
pulse_training    the weights by which the beat is found, learnt
"""
