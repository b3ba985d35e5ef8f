"""Pandas: data frames are data, and what reads and writes them is tracked by itself.

::

    import mlmeta_track as mt

    mt.autotrack("pandas")   # before or after `import pandas as pd`

Frames are recognised wherever a step takes or returns them, with or without ``autotrack``.
"""
