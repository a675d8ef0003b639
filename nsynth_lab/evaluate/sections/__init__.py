"""The sections of an evaluation report: each measures one thing and describes it."""
