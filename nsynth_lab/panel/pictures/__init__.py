"""Pictures: what is rendered to be looked at or tried out, apart from the engine that plays.

    page --> routes --> Colours --> Renderer --> a process of its own: `do` of what is asked for (work, with tools)

    renderer    the process: what is urgent first, started when it is first needed, and again when it has died
    work        what it can be asked for
    colours     the pad: impressions of blends all over it, coarse first, refined while nothing else is to be done
    routes      what the page asks for

The pad's figures are those of decoded sounds, and never a guess: until a blend has been heard there, nothing is shown.
"""
