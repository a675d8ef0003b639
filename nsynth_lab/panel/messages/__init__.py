"""Messages: everything that goes over the panel's socket. A row feeds the parser, the writer, the checks and the help.

A message is a JSON object with its `type` and its fields: `{"type": "note_on", "key": 60, "velocity": 90}`. Binary
frames carry sound, see `sinks.socket_sink`. The first message of a page is `hello`; the first of the server `welcome`.
A page that speaks another version is told so and let go.

    playing, producing, translating, tunes, evolving   what pages send
    shown                                              what the server sends
    table --> parsing: from JSON and to it; reference: the help
"""
