"""The version of ML Metadata whose calls these are."""

__version__ = "1.17.1"
