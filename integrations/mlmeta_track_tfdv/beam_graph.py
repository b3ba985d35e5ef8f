"""What a pipeline's graph says of TFDV: its transforms, where their data comes from and goes to.

A graph is only read, when its pipeline is about to run: nothing of ours is in it, so nothing of
ours is sent to where it runs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from mlmeta_track_tfdv.transforms import TRANSFORMS, TrackedTransform

_PACKAGE = "tensorflow_data_validation"
_SOURCES = ("apache_beam.io.", "apache_beam.dataframe.")
# They read the paths that they are given as data.
_PATHS_AS_DATA = re.compile("ReadAll|MatchAll|ReadMatches")
_MOST_PATHS = 100
_MOST_LABELS = 1_000


@dataclass(frozen=True, slots=True)
class Written:
    """A path that a transform writes to; ``is_prefix`` if it is that of several files."""

    path: str
    key: str
    is_prefix: bool


@dataclass(slots=True, eq=False)
class Applied:
    """One application of a transform of TFDV in a graph.

    Args:
        name: The transform's name in TFDV.
        label: Its full label in the pipeline.
        row: What is recorded of such a transform.
        options: Its ``StatsOptions``, if it has any.
        params: Its parameters.
        sources: The paths and patterns that its examples come from, by event key.
        unknown: The labels of what else they come from, of which no path is known.
        taken_from: The applications that made what it takes.
        writes: What it writes, or lets others write.
        upstream: The labels of what its data goes through before, back to the sources.
    """

    name: str
    label: str
    row: TrackedTransform
    options: Any = None
    params: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    taken_from: list[Applied] = field(default_factory=list)
    writes: list[Written] = field(default_factory=list)
    upstream: list[str] = field(default_factory=list)


def applied_in(pipeline: Any) -> list[Applied]:
    """Return what a pipeline does with TFDV, each after what it takes from.

    A writer that writes what one transform made belongs to that one; any other is one of its own.
    """
    if _PACKAGE not in sys.modules:
        return []
    nodes = list(_tracked_nodes(pipeline._root_transform()))  # noqa: SLF001 - the only way in
    found = {id(node): _applied(name, node) for node, name in nodes}
    for node, _ in nodes:
        _follow(node, found)
    return _merged(found.values())


def _tracked_nodes(root: Any) -> Iterator[tuple[Any, str]]:
    """Yield the outermost nodes of TFDV's transforms, each with the transform's name."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        name = _name(node.transform)
        if name is None:
            waiting.extend(reversed(node.parts))
        else:
            yield node, name


def _name(transform: Any) -> str | None:
    """Return the name of the transform of TFDV that this is one of; None if it is none."""
    for base in type(transform).__mro__:
        if base.__name__ in TRANSFORMS and base.__module__.startswith(f"{_PACKAGE}."):
            return base.__name__
    return None


def _applied(name: str, node: Any) -> Applied:
    row, attributes = TRANSFORMS[name], vars(node.transform)
    applied = Applied(name, str(node.full_label), row, attributes.get("_options"))
    applied.params = {shown: attributes.get(own) for own, shown in row.params.items()}
    for attribute, is_prefix in row.writes.items():
        path = attributes.get(attribute)
        if isinstance(path, str):
            sharded = is_prefix or attributes.get("_sharded_output") is True
            applied.writes.append(Written(_absolute(path), row.takes, sharded))
    return applied


def _absolute(path: str) -> str:
    """Return a path as it is now, for the pipeline may end after the folder has been changed."""
    return path if "://" in path else str(Path.cwd() / path)


def _follow(node: Any, found: Mapping[int, Applied]) -> None:
    """Find where what a transform takes comes from."""
    applied = found[id(node)]
    keys = applied.row.reads or (applied.row.takes,)
    for key, collection in zip(keys, node.inputs, strict=False):
        way = _Upstream(found)
        way.follow(collection)
        applied.sources[key] = way.paths
        applied.unknown.extend(way.unknown)
        applied.upstream.extend(way.labels)
        applied.taken_from.extend(one for one in way.reached if one not in applied.taken_from)


class _Upstream:
    """The way from a collection back to its sources, or to transforms of TFDV."""

    def __init__(self, found: Mapping[int, Applied]) -> None:
        self._found = found
        self._seen: set[int] = set()
        self._reads_paths = False
        self.paths: list[str] = []
        self.unknown: list[str] = []
        self.labels: list[str] = []
        self.reached: list[Applied] = []

    def follow(self, collection: Any) -> None:
        """Go back from a collection, as far as it is known."""
        waiting = [collection]
        while waiting:
            producer = waiting.pop().producer
            if producer is not None and id(producer) not in self._seen:
                self._seen.add(id(producer))
                waiting.extend(reversed(self._behind(producer)))

    def _behind(self, producer: Any) -> list[Any]:
        """Return the collections behind a producer; none if the way ends there."""
        chain = list(_chain(producer))
        reached = [self._found[id(node)] for node in chain if id(node) in self._found]
        paths = [path for node in chain for path in _paths(node.transform)]
        if reached:
            self.reached.extend(one for one in reached if one not in self.reached)
            return []
        if len(self.labels) < _MOST_LABELS:
            self.labels.append(str(producer.full_label))
        if paths:
            self._add(paths)
            return []
        self._reads_paths |= any(_reads_paths(node.transform) for node in chain)
        behind = [one for one in producer.inputs if one.producer is not None]
        if not behind:
            self._end(chain)
        return behind

    def _end(self, chain: list[Any]) -> None:
        """Note where the way ends: at paths that the pipeline itself holds, or anywhere else."""
        values = [_created(node.transform) for node in chain] if self._reads_paths else []
        if any(values):
            self._add(path for paths in values for path in paths)
        else:
            label = str(chain[-1].full_label)
            self.unknown.extend([label] if label not in self.unknown else [])

    def _add(self, paths: Iterable[str]) -> None:
        self.paths.extend(path for path in paths if path not in self.paths)
        del self.paths[_MOST_PATHS:]


def _chain(node: Any) -> Iterator[Any]:
    """Yield a node and the nodes that it is a part of, but for the pipeline's root."""
    while node is not None and node.parent is not None:
        yield node
        node = node.parent


def _paths(transform: Any) -> list[str]:
    """Return the paths that one of Beam's own sources reads; none if it is no such thing."""
    if not any(base.__module__.startswith(_SOURCES) for base in type(transform).__mro__):
        return []
    attributes = getattr(transform, "__dict__", {})
    source = attributes.get("_source", attributes.get("source"))
    patterns = (getattr(source, "__dict__", {}).get("_pattern"), attributes.get("_file_pattern"))
    return [path for path in map(_known, patterns) if path is not None]


def _known(value: Any) -> str | None:
    """Return a path that is known before the pipeline runs."""
    # Beam holds a path in a provider; that of a template gets it only where the pipeline runs.
    held = getattr(value, "__dict__", {}).get("value", value)
    return held if isinstance(held, str) else None


def _reads_paths(transform: Any) -> bool:
    kind = type(transform)
    return kind.__module__.startswith(_SOURCES) and bool(_PATHS_AS_DATA.match(kind.__name__))


def _created(transform: Any) -> list[str]:
    """Return the texts that a pipeline is given as data; none if there is anything else."""
    if type(transform).__name__ != "Create":
        return []
    values = list(islice(vars(transform).get("values", ()), _MOST_PATHS))
    return values if all(isinstance(value, str) for value in values) else []


def _merged(every: Iterable[Applied]) -> list[Applied]:
    """Give what a writer writes to the one that made it, if that is one."""
    own: list[Applied] = []
    for applied in every:
        takes = applied.row.takes
        applied.taken_from = [one for one in applied.taken_from if takes in one.row.makes]
        if applied.row.writes and len(applied.taken_from) == 1:
            applied.taken_from[0].writes.extend(applied.writes)
        else:
            own.append(applied)
    return _ordered(own)


def _ordered(every: list[Applied]) -> list[Applied]:
    """Return each after those that it takes from."""
    done: list[Applied] = []
    waiting = list(reversed(every))
    while waiting:
        applied = waiting[-1]
        before = [one for one in applied.taken_from if one not in done]
        if before:
            waiting.extend(before)
        else:
            waiting.pop()
            if applied not in done:
                done.append(applied)
    return done
