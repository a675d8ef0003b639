"""The sections of an evaluation, one per module: each collects metrics over all notes and returns its figures.

To add one, subclass `section.Section`, name it, and add it to `evaluate.SECTIONS`; tables and pages show whatever
metrics it returns.
"""
