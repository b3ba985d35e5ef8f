"""Conformance kits, shipped: suites that a store or an integration subclasses to prove itself."""
