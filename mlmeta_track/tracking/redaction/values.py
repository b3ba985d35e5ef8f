"""Properties without secrets: the name decides, and in JSON texts the keys do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from mlmeta_track.tracking.redaction import texts
from mlmeta_track.tracking.redaction.command_lines import clean_arguments
from mlmeta_track.tracking.redaction.rules import Rules
from mlmeta_track.tracking.redaction.words import MASK, says_nothing


def clean_value(name: str, text: str, rules: Rules) -> str:
    """Return the text that has a name without secrets: masked if the name is one's."""
    if not rules.is_on or not text:
        return text
    if rules.is_secret_name(name) and not says_nothing(text, name):
        return MASK
    if text[0] in "{[":
        found = _from_json(text)
        if found is not None:
            cleaned = _clean(found, rules)
            return text if cleaned == found else json.dumps(cleaned, ensure_ascii=False)
    return texts.clean(text, rules)


def _from_json(text: str) -> Any:
    """Return what JSON text says; None if it is none, as when it was cut."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _clean(value: Any, rules: Rules) -> Any:
    if isinstance(value, str):
        return texts.clean(value, rules)
    if isinstance(value, dict):
        return {texts.clean(k, rules): _under(k, item, rules) for k, item in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            return clean_arguments(value, rules)
        return [_clean(item, rules) for item in value]
    return value


def _under(name: str, value: Any, rules: Rules) -> Any:
    """Clean what stands under a key: all texts of it, if the key is a secret's."""
    if not rules.is_secret_name(name):
        return clean_value(name, value, rules) if isinstance(value, str) else _clean(value, rules)
    return _each_text(value, lambda text: text if says_nothing(text, name) else MASK)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _each_text(item, change) for key, item in value.items()}
    return [_each_text(item, change) for item in value] if isinstance(value, list) else value
