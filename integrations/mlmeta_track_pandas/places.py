"""Where data lies, from what pandas takes for a place: paths, URLs, open files, databases.

Nothing secret goes into a URI: no user, no password, and no query, which is where signed URLs have
their signature.  What does not surely lie anywhere has no place.
"""

from __future__ import annotations

import io
import os
import re
import sqlite3
import sys
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.types import DATASET
from mlmeta_track.tracking.instrument import describe_path, with_size

_END = re.compile(r"[?#]")
# What is no host and port is part of a password that should have been quoted.
_HOST = re.compile(r"(\[[^\]]*\]|[^:@/]*)(:\d*)?(/|$)")
_DATABASE = re.compile(r"^([A-Za-z][A-Za-z0-9]*)(?:\+[A-Za-z0-9_.]*)?://(.*)", re.DOTALL)
# Some readers take the text itself: JSON, XML and HTML begin so, and a path hardly does.
_TEXT = re.compile(r"\s*[\[{<\"]|[^\r\n]*[\r\n]")
_LONGEST_PATH = 4_096
_SQLITE = "sqlite://"


def data_at(place: Any, *, is_open: bool = False) -> Description | None:
    """Describe the data at a place that pandas reads from or writes to.

    Args:
        place: A path, a URL, an open file, or an object of pandas that has one open.
        is_open: Whether it is still being written, so that what lies there is not all of it yet.

    Returns:
        The description; None for a buffer or text, and for a file whose name may be another's.
    """
    path = _path(place)
    if path is None:
        return None
    if isinstance(path, str) and "://" in path and not path.startswith("file:"):
        parts = [_without_secrets(part) for part in path.split("::")]
        return None if None in parts else Description(DATASET, "::".join(filter(None, parts)))
    described = describe_path(os.path.expanduser(path))  # noqa: PTH111 - as pandas does
    if is_open and not issubclass(type(place), (str, os.PathLike)):
        return Description(DATASET, described.uri)
    return with_size(described)


def database_at(connection: Any, table: object = None) -> Description | None:
    """Describe a database, or a table in it, by a URL of it or a connection to it.

    Returns:
        The description; None if the connection does not tell where it leads, or into memory.
    """
    uri = _database(connection)
    if uri is None:
        return None
    return Description(DATASET, f"{uri}#{table}" if isinstance(table, str) else uri)


def _path(place: Any) -> str | os.PathLike[str] | None:
    kind = type(place)
    if issubclass(kind, str):
        is_text = len(place) > _LONGEST_PATH or _TEXT.match(place) is not None
        return None if is_text else str(place)
    if issubclass(kind, os.PathLike):
        text = str(place)
        return text if "://" in text else place  # such as a bucket's
    if _is_of_pandas(kind):
        return _path_of_open(place)
    return _name_of_file(place)


def _is_of_pandas(kind: type) -> bool:
    names = {base.__name__ for base in kind.__mro__ if base.__module__.startswith("pandas.")}
    return not names.isdisjoint({"ExcelFile", "ExcelWriter", "HDFStore"})


def _path_of_open(opened: Any) -> str | os.PathLike[str] | None:
    """Return the path of a workbook or store that pandas has open."""
    for name in ("_io", "_path", "path"):
        path = getattr(opened, name, None)
        if isinstance(path, (str, os.PathLike)):
            return _path(path)
    return None


def _name_of_file(file: Any) -> str | None:
    """Return the name of an open file of Python's own, if that file still bears it."""
    raw = file
    for kind, inner in ((io.TextIOWrapper, "buffer"), (io.BufferedIOBase, "raw")):
        if issubclass(type(raw), kind):
            try:
                raw = getattr(raw, inner)
            except (AttributeError, ValueError):
                return None  # a buffer in memory, or one that was detached
    if type(raw) is not io.FileIO or raw.closed or not isinstance(raw.name, str):
        return None
    try:
        is_same = os.path.samestat(os.fstat(raw.fileno()), os.stat(raw.name))  # noqa: PTH116
    except OSError:
        return None
    return os.path.abspath(raw.name) if is_same else None  # noqa: PTH100


def _without_secrets(url: str) -> str | None:
    """Return a URL without user, password, query and fragment; None if these cannot be told."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url  # part of a chain, such as `simplecache::s3://bucket/key`
    host, slash, path = _END.split(rest, maxsplit=1)[0].partition("/")
    bare = f"{host.rpartition('@')[2]}{slash}{path}"
    if _HOST.match(bare) is None:
        bare = _END.split(rest.rpartition("@")[2], maxsplit=1)[0]
    return None if _HOST.match(bare) is None else f"{scheme}://{bare}"


def _database(connection: Any) -> str | None:
    if isinstance(connection, str):
        return _database_url(connection)
    if issubclass(type(connection), sqlite3.Connection):
        return _sqlite_file(connection)
    sqlalchemy = sys.modules.get("sqlalchemy")
    engine = getattr(connection, "engine", None) if sqlalchemy is not None else None
    url = getattr(engine, "url", None)
    if sqlalchemy is None or not isinstance(url, sqlalchemy.engine.URL):
        return None
    bare = url.set(username=None, password=None, query={})
    return _database_url(bare.render_as_string(hide_password=True))


def _database_url(text: str) -> str | None:
    parts = _DATABASE.match(text)
    if parts is None:
        return None
    scheme, rest = parts.groups()
    if scheme == "sqlite":
        path = rest.partition("?")[0].removeprefix("/")
        return None if path in ("", ":memory:") else _of_sqlite(path)
    # A password may hold anything, and in practice does: `/`, `@` and `?`.
    before, _, query = rest.partition("?")
    bare = before.rpartition("@")[2]
    return None if "@" in query or _HOST.match(bare) is None else f"{scheme}://{bare}"


def _sqlite_file(connection: sqlite3.Connection) -> str | None:
    # Past what the user may have put into the connection: factories and overridden methods.
    rows = sqlite3.Cursor(connection).execute("PRAGMA database_list").fetchall()
    paths = [row[2] for row in rows if row[1] in ("main", b"main")]
    path = os.fsdecode(paths[0]) if paths and paths[0] else ""
    return _of_sqlite(path) if path else None


def _of_sqlite(path: str) -> str:
    return f"{_SQLITE}/{os.path.abspath(path)}"  # noqa: PTH100 - links are kept as they are
