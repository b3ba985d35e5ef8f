"""Pandas: data frames are recognised as data wherever a step takes or returns them."""
