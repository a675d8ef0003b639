"""OSC: other programs move parameters and play notes over UDP, and are told what changes. The only door to python-osc.

    packet --> server (bounds, rate) --> packets (python-osc) --> addresses (the table) --> events of the engine
    settings, status --> feedback --> packets --> another program

addresses   every address as a row: what it takes, what it does, its events; the help is made from it
packets     bytes to messages and back
server      the port: who may send, how much, and what is refused
feedback    what changes, sent to another program

Source: Open Sound Control 1.0 (Wright, 2002).
"""
