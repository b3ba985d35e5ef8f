"""Filters of nodes as SQL.

``matching`` goes from a filter to its condition, and loads the parser; lists without a filter need
only ``found`` and ``portable``.
"""
