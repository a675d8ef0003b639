"""Evolution in the panel: six tunes, presets or instruments as cards, and the six that come from those liked.

a page's message --> EvolutionDesk --> job's process (work) --> the evolution's folder, cards
                          `evolution` --> pages; sounds at /api/evolutions/{name}/{file}

desk    takes what pages ask for, and holds the folder: one evolution is open at a time
work    what jobs do: the first six, the next six, what is missing of them, and one that is kept
cards   the members as pages show them; they come out of a job's process, so they are checked

The folders are those of `nsynth-lab evolve`, which can go on with them, and lie among what is the user's own.
"""
