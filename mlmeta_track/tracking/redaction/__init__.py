"""Redaction: what looks like a secret is left out of everything that is written."""
