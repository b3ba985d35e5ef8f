"""Payloads: what steps make in memory, kept in files that are named by their content.

``<root>/<type>/<first two digits>/<digest>/schema.pbtxt``: equal contents share one file, which is
written once, and whole or not at all.  The root is a folder, or a URL that fsspec can write to.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.parse import urlsplit

from mlmeta_track.domain.description import Description
from mlmeta_track.errors import FailedPreconditionError, SettingsError
from mlmeta_track.plugins import hooks
from mlmeta_track.tracking.artifacts import storable
from mlmeta_track.tracking.fingerprints import to_uri
from mlmeta_track.tracking.redaction.urls import public_url
from mlmeta_track.tracking.redaction.words import MASK
from mlmeta_track.tracking.settings import PAYLOAD, Settings

FOLDER = "mlmeta_payloads"
"""The folder's name where the settings name none."""

_LONGEST_FOLDER = 100
_UNFIT_FOR_FOLDERS = re.compile(r"[^A-Za-z0-9_.-]")
_HEX_DIGEST = re.compile(r"[0-9a-f]{32,128}")
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*@")
_UNFINISHED = ".unfinished-"


class Fetching(Protocol):
    """What gives a path on this machine to what lies at a URI."""

    def fetched(self, uri: str) -> AbstractContextManager[Path]:
        """Give the file or folder at a URI a path, for the time of a block; see ``Payloads``."""


class Payloads:
    """The files in which a process keeps what its steps make in memory."""

    def __init__(self, settings: Settings) -> None:
        """Keep payloads as the settings say; nothing is written before there is one."""
        self._is_on = settings.capture == PAYLOAD and not settings.disabled
        self._root = root_of(settings) if self._is_on else ""

    def check(self) -> None:
        """Raise ``SettingsError`` if the root is a URL that nothing installed can write to."""
        if self._is_on and _is_remote(self._root):
            try:
                _fsspec(self._root).get_filesystem_class(self._root.partition("://")[0])
            except (FailedPreconditionError, ImportError, ValueError) as error:
                message = f"payloads cannot be {public_url(self._root)!r}: {error}"
                raise SettingsError(message) from error

    def keep(self, value: object, description: Description) -> Description:
        """Write a value's payload, and return its description with the file's URI.

        The description comes back as it is if payloads are not kept, if the value lies somewhere
        already, if no plugin can write it, or if its content is known in part only: two values of
        one sampled fingerprint may differ.

        Raises:
            Exception: Whatever the plugin or the file system raised.
        """
        fingerprint = description.fingerprint
        if not self._is_on or description.uri or not fingerprint:
            return description
        if fingerprint.startswith("sampled-"):
            return description
        place = _place(description.type.name, fingerprint)
        write = _write_remote if _is_remote(self._root) else _write_local
        uri = write(self._root, place, value)
        return description if uri is None else replace(description, uri=storable(public_url(uri)))

    def holds(self, uri: str) -> bool:
        """Tell whether a URI is that of a payload that is kept here."""
        return self._is_on and uri.startswith(f"{public_url(self._root)}/")

    @contextmanager
    def fetched(self, uri: str) -> Iterator[Path]:
        """Give the file or folder at a URI a path on this machine, for the time of a block.

        Raises:
            FileNotFoundError: There is none.
            FailedPreconditionError: What gives access to it was not recorded.
        """
        if not _is_remote(uri):
            yield Path(uri)
            return
        root = self._root
        if root and uri.startswith(public_url(root)):
            uri = root + uri[len(public_url(root)) :]  # The password, which is never recorded.
        if MASK in uri:
            message = (
                f"{uri} was recorded without what gives access to it. Load it by its whole URL."
            )
            raise FailedPreconditionError(message)
        system, path = _file_system(uri)
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder, PurePosixPath(path).name)
            system.get(path, str(local), recursive=system.isdir(path))
            yield local


def root_of(settings: Settings) -> str:
    """Return where payloads go, from now on the same in whichever folder the process works."""
    folder = settings.payloads or str(_beside(settings.store) / FOLDER)
    try:
        return to_uri(folder).rstrip("/")
    except OSError:
        return folder  # The working directory was deleted: the first payload will say so.


def _beside(store: str) -> Path:
    """Return the folder of a store's file; the working directory if it has none."""
    scheme, _, rest = store.partition("://")
    database = rest.partition("?")[0].removeprefix("/")
    if not scheme.startswith("sqlite"):
        return Path()
    if database.startswith("file:"):
        # Imported here, for it comes with HTTP and its certificates.
        from urllib.request import url2pathname  # noqa: PLC0415

        database = url2pathname(urlsplit(database).path)
    return Path() if database in ("", ":memory:") else Path(database).parent


def _place(type_name: str, fingerprint: str) -> str:
    """Return the folder of a payload below the root."""
    digest = fingerprint.rpartition(":")[2]
    if not _HEX_DIGEST.fullmatch(digest):
        digest = hashlib.sha256(fingerprint.encode()).hexdigest()
    kind = _UNFIT_FOR_FOLDERS.sub("_", type_name)[:_LONGEST_FOLDER].strip(".") or "_"
    return f"{kind}/{digest[:2]}/{digest}"


def _write_local(root: str, place: str, value: object) -> str | None:
    folder = Path(root, place)
    known = next(folder.iterdir(), None) if folder.is_dir() else None
    if known is not None:
        # As new, for the retention deletes what nothing refers to, and this is about to be.
        os.utime(known)
        return str(known)
    Path(root).mkdir(parents=True, exist_ok=True)
    # On the same disk as its place, so that it can be moved there in one go.
    with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=root) as unfinished:
        written = _written(value, Path(unfinished))
        if written is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        return str(written.replace(folder / written.name))


def _write_remote(root: str, place: str, value: object) -> str | None:
    system, base = _file_system(root)
    folder = f"{base}/{place}"
    known = system.ls(folder, detail=False) if system.isdir(folder) else []
    if known:
        return f"{root}/{place}/{PurePosixPath(known[0]).name}"
    with tempfile.TemporaryDirectory() as unfinished:
        written = _written(value, Path(unfinished))
        if written is None:
            return None
        system.makedirs(folder, exist_ok=True)
        passing = f"{base}/{_UNFINISHED}{Path(unfinished).name}"
        system.put_file(str(written), passing)
        system.mv(passing, f"{folder}/{written.name}")
        return f"{root}/{place}/{written.name}"


def _written(value: object, folder: Path) -> Path | None:
    """Return the file that a plugin wrote the value to, safely on the disk."""
    name = hooks.ask("save_payload", value=value, folder=folder)
    if name is None:
        return None
    path = folder / str(name)
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return path


def _is_remote(uri: str) -> bool:
    return "://" in uri


def _file_system(uri: str) -> tuple[Any, str]:
    """Return fsspec's file system for a URL, and the path in it.

    Raises:
        FailedPreconditionError: fsspec is not installed.
        ImportError: What fsspec needs for such URLs is not installed.
        ValueError: fsspec knows no such URLs.
    """
    system, path = _fsspec(uri).url_to_fs(uri)
    return system, path.rstrip("/")


def _fsspec(uri: str) -> Any:
    try:
        return import_module("fsspec")
    except ImportError as error:
        message = f"{public_url(uri)} is no folder, and takes fsspec to reach: pip install fsspec."
        raise FailedPreconditionError(message) from error
