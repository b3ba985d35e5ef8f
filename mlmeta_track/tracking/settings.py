"""Settings: code before environment before ``[tool.mlmeta_track]`` before the default."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from mlmeta_track.errors import InvalidArgumentError, SettingsError
from mlmeta_track.tracking import tokens

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ENVIRONMENT_PREFIX = "MLMETA_TRACK_"
TABLE = "mlmeta_track"

FACTS, PAYLOAD = "facts", "payload"
"""What ``capture`` may be."""

COMMIT, DIFF = "commit", "diff"
"""What ``code`` may be."""

ON, OFF = "on", "off"
"""What ``redact`` may be, beside rules of the user's."""

DIRECT, BACKGROUND, JOURNAL = "direct", "background", "journal"
"""What ``write`` may be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What governs recording in this process.

    Args:
        store: The URL of the store.
        disabled: Record nothing; steps run as if they were not wrapped.
        experiment: The experiment of runs that are not started inside one.
        context: The token of what this process belongs to, as ``context_token`` returned it in the
            process that has started it; whether it can be read is seen when a step is recorded.
        strict: Raise what would otherwise be a warning about a lost record.
        autotrack: Integrations that ``init`` switches on, by name; ``all`` means every one.
        capture: What is kept of artifacts in memory: ``facts`` about them, or the ``payload`` too.
        payloads: The folder, or the URL for fsspec, in which payloads are kept; None is beside the
            store's file.
        code: What is kept of the code's version: the ``commit``, or the ``diff`` of the work tree
            from it as well, and the names of the files that git does not track.
        redact: Whether what looks like a secret is left out: ``on``, ``off``, or further rules: a
            name (``patient_id``), a name that is none (``!session_token``), or a form of values
            as a regular expression (``/ACME-[0-9]{8}/``).
        export: Where steps are told besides the store as they begin and end: ``openlineage``.
        load_plugins: The installed plugins to load, by name; None loads all.
        write: How records come to the store: ``direct``, when they are made; ``background``, by a
            thread; ``journal``, by way of the spool.
        spool_dir: The folder in which records wait for a store that is away; None is the folder
            for what programs of this user keep.
        spool_mb: How large the spool of a store may grow (MiB).
    """

    store: str = "sqlite:///mlmeta.db"
    disabled: bool = False
    experiment: str | None = None
    context: str | None = None
    strict: bool = False
    autotrack: tuple[str, ...] = ()
    capture: str = FACTS
    payloads: str | None = None
    code: str = COMMIT
    redact: str | tuple[str, ...] = ON
    export: tuple[str, ...] = ()
    load_plugins: tuple[str, ...] | None = None
    write: str = DIRECT
    spool_dir: str | None = None
    spool_mb: float = 1024


def resolve(
    given: Mapping[str, Any], folder: Path | None = None, *, store: str | None = None
) -> Settings:
    """Return the settings in force.

    Args:
        given: What code says; None means that it does not say.
        folder: Where the search for ``pyproject.toml`` begins; the working directory, if there is
            one, if None.
        store: The store's URL if no setting says it; None is that of the context, or the default.

    Raises:
        SettingsError: A value cannot be used; the message says which, where it stands, and what
            could stand there.
    """
    values: dict[str, Any] = {}
    for name, value, origin in _in_rising_order(given, folder or _working_directory()):
        parse = _PARSERS.get(name)
        if parse is None:
            message = f"{origin}: there is no setting {name!r}; there are {', '.join(_PARSERS)}."
            raise SettingsError(message)
        try:
            values[name] = parse(value)
        except ValueError as error:
            message = f"{origin}: {name} cannot be {value!r}: {error}."
            raise SettingsError(message) from None
    other = None if "store" in values else store or _store_of(values.get("context"))
    return Settings(**values) if other is None else Settings(store=other, **values)


def _store_of(context: str | None) -> str | None:
    """Return the store that a context's token names, if it can be read."""
    try:
        return None if context is None else tokens.decode(context).store
    except InvalidArgumentError:
        return None  # It is told of when the first step is recorded.


def origins(given: Mapping[str, Any], folder: Path | None = None) -> dict[str, tuple[Any, str]]:
    """Return each setting in force with where it comes from.

    Args:
        given: What code says.
        folder: Where the search for ``pyproject.toml`` begins.

    Raises:
        SettingsError: As ``resolve`` raises it.
    """
    in_force = resolve(given, folder)
    said = {
        name: origin for name, _, origin in _in_rising_order(given, folder or _working_directory())
    }
    if _store_of(in_force.context) is not None:
        said.setdefault("store", "The context")
    return {
        setting.name: (getattr(in_force, setting.name), said.get(setting.name, "The default"))
        for setting in fields(Settings)
    }


def _working_directory() -> Path | None:
    try:
        return Path.cwd()
    except OSError:
        return None  # It was deleted under us.


def _in_rising_order(
    given: Mapping[str, Any], folder: Path | None
) -> Iterator[tuple[str, Any, str]]:
    """Yield name, value and origin of every setting, the one that counts most last."""
    if folder is not None:
        yield from _from_pyproject(folder)
    for setting in fields(Settings):
        variable = ENVIRONMENT_PREFIX + setting.name.upper()
        value = os.environ.get(variable)
        if value is not None:
            yield setting.name, value, f"The environment variable {variable}"
    for name, value in given.items():
        if value is not None:
            yield name, value, "The call"


def _from_pyproject(folder: Path) -> Iterator[tuple[str, Any, str]]:
    for parent in (folder, *folder.parents):
        path = parent / "pyproject.toml"
        if path.is_file():
            yield from _table_of(path)
            return


def _table_of(path: Path) -> Iterator[tuple[str, Any, str]]:
    try:
        content = path.read_bytes()
    except OSError:
        return  # Somebody else's file: it says nothing about us.
    try:
        table = tomllib.loads(content.decode()).get("tool", {}).get(TABLE, {})
    except ValueError as error:
        if f"tool.{TABLE}".encode() not in content:
            return  # Broken, and not about us.
        message = (
            f"{path} has settings of ours, but is no TOML: {error}. Mend it, or take them out."
        )
        raise SettingsError(message) from error
    for name, value in table.items():
        yield name.replace("-", "_"), value, f"[tool.{TABLE}] in {path}"


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        message = "it must be text"
        raise ValueError(message)
    return value


def _context(value: Any) -> str | None:
    return str(value) or None


_WORDS = {"1": True, "true": True, "yes": True, "on": True}
_WORDS |= {"0": False, "false": False, "no": False, "off": False, "": False}


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = _WORDS.get(str(value).strip().lower())
    if word is None:
        message = "it must be one of 1, true, yes, on, 0, false, no, off"
        raise ValueError(message)
    return word


def _capture(value: Any) -> str:
    if value not in (FACTS, PAYLOAD):
        message = f"it must be {FACTS} or {PAYLOAD}"
        raise ValueError(message)
    return str(value)


def _code(value: Any) -> str:
    if value not in (COMMIT, DIFF):
        message = f"it must be {COMMIT} or {DIFF}"
        raise ValueError(message)
    return str(value)


def _write(value: Any) -> str:
    if value not in (DIRECT, BACKGROUND, JOURNAL):
        message = f"it must be {DIRECT}, {BACKGROUND} or {JOURNAL}"
        raise ValueError(message)
    return str(value)


def _size(value: Any) -> float:
    try:
        size = float(value)
    except (TypeError, ValueError):
        size = 0.0
    if not 0.0 < size < float("inf"):
        message = "it must be a number above 0"
        raise ValueError(message)
    return size


def _names(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
        message = "it must be names separated by commas, or a list of names"
        raise ValueError(message)
    return tuple(part.strip() for part in parts if part.strip())


# Items separated by commas, which may also stand within a form.
_ITEM = re.compile(r"\s*(/(?:[^/\\]|\\.)*/|[^,]*?)\s*(?:,|$)")
_NAME = re.compile(r"!?[A-Za-z][\w .-]*", re.ASCII)


def _redact(value: Any) -> str | tuple[str, ...]:
    if isinstance(value, bool) or str(value).strip().lower() in _WORDS:
        return ON if _flag(value) else OFF
    if isinstance(value, str):
        value = _ITEM.findall(value)
    items = tuple(item for item in _names(value) if item.lower() != ON)
    for item in items:
        _check_rule(item)
    return items or ON


def _check_rule(item: str) -> None:
    """Raise ``ValueError`` unless an item is a name, or a form of values."""
    if len(item) > 2 and item[0] == item[-1] == "/":  # noqa: PLR2004 - a form between slashes
        try:
            matches_nothing = re.compile(item[1:-1]).search("") is not None
        except re.error as error:
            message = f"{item} is no regular expression ({error})"
            raise ValueError(message) from None
        if matches_nothing:
            message = f"{item} matches where nothing stands"
            raise ValueError(message)
    elif not _NAME.fullmatch(item):
        message = f"{item!r} is none of on, off, a name, !name and /regular expression/"
        raise ValueError(message)


_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "store": _text,
    "disabled": _flag,
    "experiment": _text,
    "context": _context,
    "strict": _flag,
    "autotrack": _names,
    "capture": _capture,
    "payloads": _text,
    "code": _code,
    "redact": _redact,
    "export": _names,
    "load_plugins": _names,
    "write": _write,
    "spool_dir": _text,
    "spool_mb": _size,
}
