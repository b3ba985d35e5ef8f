"""TensorFlow Data Validation, tracked by itself: which data made which statistics and schema.

::

    import mlmeta_track as mt

    mt.autotrack("tfdv")   # before or after `import tensorflow_data_validation as tfdv`

From then on each call of a function in ``functions.FUNCTIONS`` is one execution.
"""
