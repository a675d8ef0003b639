"""Sinks: where sound ends. Blocks go into a file or a device; `pack` writes folders that samplers load."""
