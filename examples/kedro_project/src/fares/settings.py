"""Kedro's settings: all as they are by default."""
