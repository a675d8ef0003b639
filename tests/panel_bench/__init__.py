"""Panel bench: the figures of the panel's page in a real browser, as a player would find them. `scripts/bench_panel`.

    listening   when a key was pressed, and when its sound began: in the page, and in a recording of the sound server
    latency     both for the socket and for an audio device
    drawing     how soon the page is there, what it weighs, frames a second, and twenty pages at once
    endurance   minutes of playing while the page is used: underruns

Nothing else should run meanwhile: a browser, the panel and a sound server share the machine with it.
"""
