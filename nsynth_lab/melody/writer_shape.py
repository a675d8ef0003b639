"""Sizes of the writer, for the net that is trained and for its twin that plays."""

WIDTH, LAYERS, HEADS = 128, 4, 4
SEEN_PITCH, SEEN_DURATION, SEEN_RUN = 32, 16, 16  # numbers for what each look back has found
POSITIONS = 192  # ticks of the longest bar
SHORTEST_PERIOD, LONGEST_PERIOD = 2.0, 2000.0  # of rotary positions, in notes
EPSILON = 1e-5  # beneath the root of mean squares
