"""Scikit-learn, tracked by itself: which data and parameters made which model.

::

    import mlmeta_track as mt

    mt.autotrack("sklearn")                     # fit, fit_transform, fit_predict; joblib.dump, load
    mt.autotrack("sklearn", "sklearn.predict")  # and what is recorded on request

Every estimator is tracked that derives from ``sklearn.base.BaseEstimator``, whoever wrote it.
"""
