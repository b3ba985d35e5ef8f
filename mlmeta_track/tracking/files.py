"""Data that is named by a path or a pattern such as ``part-*.csv``, as one or more artifacts."""

from __future__ import annotations

import glob
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.events import EventPath
from mlmeta_track.domain.nodes import PropertyValue
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.tracking import capture
from mlmeta_track.tracking.artifacts import storable
from mlmeta_track.tracking.fingerprints import WHOLE_UP_TO, fingerprint_path, to_uri

MOST_MATCHES = 20_000
"""Of a pattern that matches more files only so many are looked at."""
MOST_LISTED = 20
"""Of the files that a pattern matches, the first ones become artifacts of their own."""

_BYTES = "file_bytes"


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    size: int
    modified: int


def describe(
    path: str | os.PathLike[str], artifact_type: ArtifactType
) -> Iterator[tuple[EventPath, Description]]:
    """Describe what lies at a path, or at all paths that a pattern matches.

    A pattern is one artifact with the pattern as its URI, the number of files and their size; the
    first files are artifacts of their own besides.  Up to ``MOST_LISTED`` files that are not larger
    than what is hashed whole, a pattern's fingerprint is that of their contents; else it is made of
    their names, sizes and times of change, and begins with ``sampled-``.

    Args:
        path: The path, URI or pattern.
        artifact_type: The type of what lies there.

    Yields:
        Descriptions, each with the place among what the pattern matches.
    """
    uri = to_uri(path)
    if not glob.has_magic(uri) or "://" in uri or os.path.lexists(uri):
        yield (), with_size(capture.describe_path(path, artifact_type))
        return
    files = list(islice(_files(uri), MOST_MATCHES + 1))
    yield (), _describe_pattern(uri, files, artifact_type)
    left = WHOLE_UP_TO
    for i, file in enumerate(files[:MOST_LISTED]):
        left -= file.size
        # Where reading would take long, the path alone tells which artifact it is.
        found = fingerprint_path(file.path) if left >= 0 else None
        yield (i,), with_size(Description(artifact_type, storable(file.path), found))


def with_size(description: Description) -> Description:
    """Return the description of a file with its size, if it is at hand."""
    try:
        status = Path(description.uri or "").stat()
    except (OSError, ValueError):
        return description
    if not stat.S_ISREG(status.st_mode):
        return description
    return replace(
        description, custom_properties={_BYTES: status.st_size, **description.custom_properties}
    )


def _files(pattern: str) -> Iterator[_File]:
    for path in glob.iglob(pattern, recursive=True):  # noqa: PTH207 - a pattern may be absolute
        try:
            status = Path(path).stat()
        except OSError:
            continue  # It is gone again, or a link that leads nowhere.
        if stat.S_ISREG(status.st_mode):
            yield _File(path, status.st_size, status.st_mtime_ns)


def _describe_pattern(uri: str, files: list[_File], artifact_type: ArtifactType) -> Description:
    is_cut = len(files) > MOST_MATCHES
    files.sort(key=lambda file: file.path)
    del files[MOST_MATCHES:]
    facts: dict[str, PropertyValue] = {
        "files": len(files),
        _BYTES: sum(file.size for file in files),
    }
    if is_cut:
        facts["files_not_counted"] = True
    fingerprint = None if is_cut or not files else _fingerprint(files)
    return Description(artifact_type, storable(uri), fingerprint, custom_properties=facts)


def _fingerprint(files: list[_File]) -> str:
    is_whole = len(files) <= MOST_LISTED and sum(file.size for file in files) <= WHOLE_UP_TO
    digest = hashlib.sha256()
    for file in files:
        content = fingerprint_path(file.path) if is_whole else f"{file.size}\0{file.modified}"
        line = f"{Path(file.path).name}\0{content}\0"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return f"{'' if is_whole else 'sampled-'}files-sha256:{digest.hexdigest()}"
