"""Statistics that lie in several files: what belongs together, and what they say together.

What the files' names have in common is the URI of the whole: the prefix by which TFDV loads it.
"""

from __future__ import annotations

import glob
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.tracking.instrument import (
    LibraryCall,
    TrackedFunction,
    describe,
    describe_files,
)
from mlmeta_track_tfdv.describe import STATISTICS

_SHARD = re.compile(r"(?P<prefix>.+)-(?P<number>\d+)-of-(?P<count>\d+)[^/]*", re.DOTALL)
_STATS_UTIL = "tensorflow_data_validation.utils.stats_util"


def describe_shards(placed: Description, artifact_type: ArtifactType, most: int) -> Description:
    """Describe the files with a prefix: how many there are, and what they say together.

    Args:
        placed: Describes the prefix.
        artifact_type: The type of what the files hold.
        most: Of more bytes the content is not looked at, but for a hash of the files.
    """
    pattern = f"{glob.escape(str(placed.uri))}-[0-9]*-of-[0-9]*"
    _, files = next(iter(describe_files(pattern, artifact_type)))
    size = files.custom_properties.get("file_bytes")
    is_readable = artifact_type == STATISTICS and isinstance(size, int) and 0 < size <= most
    content = _content(str(placed.uri)) if is_readable else None
    if content is None:
        return replace(files, uri=placed.uri)
    return replace(
        content,
        uri=placed.uri,
        file_fingerprint=files.fingerprint,
        custom_properties={**files.custom_properties, **content.custom_properties},
    )


def _content(prefix: str) -> Description | None:
    """Describe what TFDV itself makes of the files, as it will when the user loads them."""
    module = sys.modules.get(_STATS_UTIL)
    if module is None:
        return None
    try:
        return describe(module.load_sharded_statistics(prefix).proto())
    except Exception:  # noqa: BLE001 - others may write there too; then the files alone are known
        return None


class LoadingShards(LibraryCall):
    """A call that loads statistics by their prefix, or from all the files that have it."""

    def __init__(self, tracked: TrackedFunction, arguments: Mapping[str, Any]) -> None:
        """Look at a call; where it names every file, it might as well have named the prefix."""
        prefix = arguments.get("input_path_prefix") or whole(arguments.get("input_paths"))
        super().__init__(tracked, {**arguments, "input_path_prefix": prefix})


def whole(paths: Any) -> str | None:
    """Return the prefix of files, if these are all that belong together by their names."""
    if type(paths) not in (list, tuple) or not all(type(path) is str for path in paths):
        return None
    found = [_SHARD.fullmatch(path) for path in paths]
    known = {(one["prefix"], int(one["count"])) for one in found if one is not None}
    numbers = sorted(int(one["number"]) for one in found if one is not None)
    if len(known) != 1 or len(numbers) != len(paths):
        return None
    prefix, count = known.pop()
    return prefix if numbers == list(range(count)) else None
