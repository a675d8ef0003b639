"""Panel: the instrument as a page in the browser. The same requests as the command line; nothing is built twice.

    page (HTML, ES modules) <-- socket --> server --> Instrument --> Live --> device, or SocketSink --> page
                                                         |
                                          patch, its history, the engine that plays it

    messages     everything that goes over the socket, in one table: what it means, what it may hold
    instrument   the sound that all pages share, and all that they may ask of it
    played_keys  keys, wheels and pedals, from pages and ports; which are down is in `hands`
    present_sound  what pages change of the sound: played, kept and told; changes are in `changes`
    history      the sound with undo and redo
    file_requests  presets and files that pages load, save and open; `files` reads and writes them
    listeners    all who are told of every change
    engines      the engine that plays it: told by `moves`, or built anew by the worker (`switch`)
    stage        what these engines play on: the panel's own output, or a track of a DAW
    plugins      what is known of the chain's plugins; `catalogue` lists all effects for pages,
                 `scanning` looks for plugins
    shown        the sound, and how it goes, as pages are told
    played_notes notes played through the live engine, to the sample: tunes, and whatever else has a list of them
    translation/ tunes that were sung or played, and live input, played by what stands on the pad
    duet/        a partner that answers what is played, and both parts as pages see them
    followed     the clock of another program, if one is followed; remote_hands what other programs move over OSC
    output       the engine's thread, into a device or to the pages
    own_thread   a thread that lives as long as what it works for
    worker       what takes longer than a page may wait: on the main thread, where plugins have to be loaded
    server       the routes and the socket, on a thread of their own; guard says who may use them
    page/        what the browser loads

A page never waits for the engine, and the engine never waits for a page.
"""
