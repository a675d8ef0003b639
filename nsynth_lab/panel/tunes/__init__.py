"""Tunes in the panel: composed, dropped, shown as a sheet, played by the present sound, and a palette between several.

a page's request, a dropped file --> TuneDesk --> job's process (work) --> files, `tune.json`, `palette.json`
play_tune --> TuneDesk --> pieces --> TunePlayer --> PlayedNotes --> the live engine; `playing` --> pages

desk         takes what pages ask for
work         what jobs do: read, compose, draw, and lay out a palette
written      a tune as pages show it, and the files that a player takes away
pieces       what jobs have left, checked, as what can be played
tune_player  what plays, and where on the palette
"""
