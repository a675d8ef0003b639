"""Analysis: a phrase followed, its pitch, level and voicing, without looking ahead: live is the same as offline."""
