"""Acme, tracked by itself: ``mt.autotrack("acme")``."""
