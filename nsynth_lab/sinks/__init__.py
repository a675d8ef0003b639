"""Sinks: where sound ends. `pack` writes folders that samplers load."""
