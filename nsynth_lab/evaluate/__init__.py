"""How good a model is: metrics on notes it has not seen, and their report. Never imported by anything that plays."""
