"""A whole batch without secrets: nothing else of a step is ever written."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from mlmeta_track.domain.batch import (
    ArtifactPut,
    Batch,
    ContextKey,
    ContextPut,
    EventPut,
    ExecutionPut,
)
from mlmeta_track.domain.description import Description
from mlmeta_track.domain.events import EventPath
from mlmeta_track.domain.nodes import FILE_FINGERPRINT, FINGERPRINT, Properties, PropertyValue
from mlmeta_track.domain.types import NodeType
from mlmeta_track.tracking.redaction import texts
from mlmeta_track.tracking.redaction.command_lines import clean_line
from mlmeta_track.tracking.redaction.rules import Rules
from mlmeta_track.tracking.redaction.tokens import may_have_tokens
from mlmeta_track.tracking.redaction.values import clean_value

TypeT = TypeVar("TypeT", bound=NodeType)

COMMAND_LINE = "mlmeta_command_line"
_OURS = "mlmeta_"
_NEVER = frozenset({FINGERPRINT, FILE_FINGERPRINT, "mlmeta_parent_execution"})
"""What is told by digits alone, and never looked at."""


def clean_batch(batch: Batch, rules: Rules) -> Batch:
    """Return a batch without secrets; the very same batch if there are none to be seen."""
    if not rules.is_on or not (rules.are_extended or _is_suspect(_texts_of(batch))):
        return batch
    return Batch(
        execution=None if batch.execution is None else _execution(batch.execution, rules),
        artifacts=tuple(_artifact(put, rules) for put in batch.artifacts),
        contexts=tuple(_context(put, rules) for put in batch.contexts),
        events=tuple(_event(event, rules) for event in batch.events),
        parents=tuple((_key(a, rules), _key(b, rules)) for a, b in batch.parents),
    )


def clean_description(description: Description, rules: Rules) -> Description:
    """Return what an artifact is without secrets, so that its identity does not rest on one."""
    if not rules.is_on:
        return description
    parts = [description.uri or ""]
    _add_texts_of(description.properties, parts)
    _add_texts_of(description.custom_properties, parts)
    if not rules.are_extended and not _is_suspect(parts):
        return description
    return replace(
        description,
        uri=_uri(description.uri, rules),
        properties=_properties(description.properties, rules),
        custom_properties=_custom(description.custom_properties, rules),
    )


# Most batches have no secrets, so a quick look at all their texts comes first.  Names and many
# values are the same in step after step: what was looked at last is remembered.

_LONGEST_REMEMBERED = 256


def _is_suspect(parts: list[str]) -> bool:
    for part in parts:
        look = _may_hide if len(part) > _LONGEST_REMEMBERED else _may_hide_as_before
        if look(part):
            return True
    return False


def _may_hide(text: str) -> bool:
    if "://" in text and ("@" in text or "=" in text):
        return True
    return ":thin:" in text or may_have_tokens(text) or texts.may_name_secrets(text)


_may_hide_as_before = lru_cache(maxsize=4096)(_may_hide)


def _texts_of(batch: Batch) -> list[str]:
    parts: list[str] = []
    if batch.execution is not None:
        parts.append(batch.execution.type.name)
        _add_texts_of(batch.execution.properties, parts)
        _add_texts_of(batch.execution.custom_properties, parts)
    for artifact in batch.artifacts:
        parts.append(artifact.type.name)
        if artifact.uri is not None:
            parts.append(artifact.uri)
        _add_texts_of(artifact.properties, parts)
        _add_texts_of(artifact.custom_properties, parts)
    for context in batch.contexts:
        parts.append(context.name)
        _add_texts_of(context.properties, parts)
        _add_texts_of(context.custom_properties, parts)
    for event in batch.events:
        parts += [step for step in event.path if type(step) is str]
    return parts


def _add_texts_of(properties: Properties, parts: list[str]) -> None:
    for name, value in properties.items():
        if not name.startswith(_OURS):
            parts.append(name)
        if isinstance(value, str) and name not in _NEVER:
            parts.append(value)


def _execution(put: ExecutionPut, rules: Rules) -> ExecutionPut:
    return replace(
        put,
        type=_type(put.type, rules),
        properties=_properties(put.properties, rules),
        custom_properties=_custom(put.custom_properties, rules),
    )


def _artifact(put: ArtifactPut, rules: Rules) -> ArtifactPut:
    return replace(
        put,
        type=_type(put.type, rules),
        uri=_uri(put.uri, rules),
        properties=_properties(put.properties, rules),
        custom_properties=_custom(put.custom_properties, rules),
    )


def _context(put: ContextPut, rules: Rules) -> ContextPut:
    return replace(
        put,
        name=texts.clean(put.name, rules),
        properties=_properties(put.properties, rules),
        custom_properties=_custom(put.custom_properties, rules),
    )


def _key(key: ContextKey, rules: Rules) -> ContextKey:
    return (key[0], texts.clean(key[1], rules))


def _event(event: EventPut, rules: Rules) -> EventPut:
    return replace(event, path=_path(event.path, rules))


def _path(path: EventPath, rules: Rules) -> EventPath:
    return tuple(texts.clean(step, rules) if isinstance(step, str) else step for step in path)


def _type(declared: TypeT, rules: Rules) -> TypeT:
    name = texts.clean(declared.name, rules)
    return declared if name == declared.name else replace(declared, name=name)


def _uri(uri: str | None, rules: Rules) -> str | None:
    return uri if uri is None else texts.clean_uri(uri, rules)


def _properties(properties: Properties, rules: Rules) -> Properties:
    """Clean declared properties: their names are the type's."""
    return {name: clean_property(name, value, rules) for name, value in properties.items()}


def _custom(properties: Properties, rules: Rules) -> Properties:
    """Clean custom properties: their names may be anything that a user has given."""
    return {
        texts.clean(n, rules): clean_property(n, value, rules) for n, value in properties.items()
    }


def clean_property(name: str, value: PropertyValue, rules: Rules) -> PropertyValue:
    """Return a property's value without secrets."""
    if not isinstance(value, str) or name in _NEVER:
        return value
    plain = str.__str__(value)
    if name == COMMAND_LINE:
        return clean_line(plain, rules)
    return clean_value(name, plain, rules)
