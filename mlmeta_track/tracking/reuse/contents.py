"""What lies at the paths that a call is given, names in its code, reads or writes: all of it.

Elsewhere a large file is known by samples of it.  Here that is not enough: a change anywhere in it
must be seen, however long the reading takes.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import sys
from itertools import islice

from mlmeta_track.tracking.fingerprints import fingerprint_path, path_text, to_uri
from mlmeta_track.tracking.reuse.unknown import UnknownContentError

MOST_MATCHES = 1_000
"""A pattern that fits more files than this is not looked at."""

_LONGEST_PATH = 4_096
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://\S+")


def content_at(place: str | os.PathLike[str]) -> str | None:
    """Return the fingerprint of all that lies at a path, or at the paths that fit a pattern.

    Returns:
        The fingerprint; None for text that names nothing that is there.

    Raises:
        UnknownContentError: It is a URI, or there is more than can be looked at.
    """
    text = path_text(place)
    if not _may_be_path(text):
        return None
    path = os.path.expanduser(to_uri(text) if text.startswith("file:") else text)  # noqa: PTH111
    if not os.path.lexists(path):
        return _content_of_pattern(path) if glob.has_magic(path) else None
    found = fingerprint_path(os.path.abspath(path), whole_up_to=sys.maxsize)  # noqa: PTH100
    if found is None:
        message = f"{text!r} names what cannot be read, or a folder of too many files"
        raise UnknownContentError(message)
    return found


def file_at(text: str) -> str | None:
    """Return the fingerprint of the file that a constant in code names; None if it names none.

    Raises:
        UnknownContentError: It is a URI, or the file cannot be read.
    """
    is_uri = _may_be_path(text) and _URI.fullmatch(text) is not None
    is_file = is_uri or (_may_be_path(text) and os.path.isfile(os.path.expanduser(text)))  # noqa: PTH111, PTH113
    return content_at(text) if is_file else None


def _may_be_path(text: str) -> bool:
    if not text or len(text) > _LONGEST_PATH or "\0" in text:
        return False
    if _URI.fullmatch(text) and not text.startswith("file:"):
        message = f"what lies at the URI {text.partition('://')[0]}://… cannot be looked at"
        raise UnknownContentError(message)
    return True


def _content_of_pattern(pattern: str) -> str | None:
    # Patterns are those of `files.describe`, where `**` goes into folders.
    paths = sorted(islice(glob.iglob(pattern, recursive=True), MOST_MATCHES + 1))  # noqa: PTH207
    if len(paths) > MOST_MATCHES:
        message = f"{pattern!r} fits more than {MOST_MATCHES} files"
        raise UnknownContentError(message)
    digest = hashlib.sha256()
    for path in paths:
        line = f"{os.path.abspath(path)}\0{content_at(path)}\0"  # noqa: PTH100
        digest.update(line.encode(errors="surrogateescape"))
    return f"matches-sha256:{digest.hexdigest()}" if paths else None
