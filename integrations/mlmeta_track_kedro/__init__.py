"""Kedro, tracked by itself: Kedro finds the plugin, and it records every run of a pipeline."""
