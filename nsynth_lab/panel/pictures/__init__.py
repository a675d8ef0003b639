"""Pictures: what is rendered to be looked at or tried out, apart from the engine that plays.

    page --> routes --> Colours, Samples --> Renderer --> a process of its own, doing what it is asked (work)

    renderer    the process: what is urgent first, started when it is first needed, and again when it has died
    work        what it can be asked for
    colours     the pad: impressions of blends all over it, coarse first, refined while nothing else is to be done
    samples     a short clip of each instrument and preset, to hear, and its spectrogram, to see
    routes      what the page asks for

The pad's figures are those of decoded sounds, and never a guess: until a blend has been heard there, nothing is shown.
"""
