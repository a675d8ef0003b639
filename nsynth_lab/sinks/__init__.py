"""Sinks: where blocks end."""
