"""Analysis: a phrase followed, its pitch, level and voicing, live as well as offline."""
