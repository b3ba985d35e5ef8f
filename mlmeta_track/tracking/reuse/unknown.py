"""Why a call is not cached: something that it depends on, or returns, cannot be told apart."""

from __future__ import annotations


class UnknownContentError(Exception):
    """Something has no fingerprint; the message says what, in words for the user."""
