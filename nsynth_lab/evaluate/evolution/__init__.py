"""How well evolution finds what somebody likes: `nsynth-lab evaluate evolution`.

listeners    simulated listeners, each with a hidden taste; searches that they lead, round by round
tunes        melodies: what a taste may be about, scales, and crossover of notes beside
sounds       presets and instruments: what a taste may be about, heard
evaluate     all of it, as rows with a goal each
"""
