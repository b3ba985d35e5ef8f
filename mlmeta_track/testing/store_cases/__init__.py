"""The tests of ``StoreSuite``, by subject."""
