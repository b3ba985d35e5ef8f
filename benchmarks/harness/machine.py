"""What kind of machine the figures come from, without saying which."""

from __future__ import annotations

import os
import platform
import sqlite3


def facts() -> dict[str, str | int | None]:
    """Return what figures depend on; no host name, no path."""
    return {
        "cpus": os.cpu_count(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
