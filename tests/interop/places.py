"""Stores on database servers, for both sides: ours by a URL, the wheel's by a configuration."""

from __future__ import annotations

import base64

from tests.servers import configured


def place(url: str) -> str:
    """Return a store's URL as ``wheel_side.py`` takes it."""
    return "config:" + base64.b64encode(configured(url).SerializeToString()).decode()
