"""The version of nsynth_lab: the wheel takes it from here, and CITATION.cff has it too."""

__version__ = "0.2.0"
