"""Skipping unchanged work: what a call depends on, and what an earlier one returned for it."""
