"""From one version of MLMD's schema to another: 0 to 10, up and down, on every database.

``versions.py`` says what each version added, ``changes.py`` what kinds of changes there are,
``tables.py`` how a server makes them and ``rebuilding.py`` how SQLite does, and ``running.py``
goes through the versions.
"""

from __future__ import annotations

from mlmeta_track.store.sql.migrations.running import downgrade, stored_version, upgrade
from mlmeta_track.store.sql.schema import SCHEMA_VERSION

__all__ = ["SCHEMA_VERSION", "downgrade", "stored_version", "upgrade"]
