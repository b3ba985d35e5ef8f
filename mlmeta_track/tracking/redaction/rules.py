"""What is redacted: the rules that come with the package, and those of the setting ``redact``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mlmeta_track.tracking.redaction import words


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force.

    Args:
        is_on: Whether anything is redacted at all.
        names: Further names of secrets, by their words.
        kept: Names of what is no secret, by their words, whatever they look like.
        patterns: Further forms of secrets.
    """

    is_on: bool = True
    names: tuple[tuple[str, ...], ...] = ()
    kept: tuple[tuple[str, ...], ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()

    @property
    def are_extended(self) -> bool:
        """Whether there are more rules than those that come with the package."""
        return bool(self.names or self.patterns)

    def is_secret_name(self, name: str) -> bool:
        """Tell whether what has that name is a secret, if it is a text."""
        if self.names or self.kept:
            parts = words.words(name)
            if any(words.contains(parts, kept) for kept in self.kept):
                return False
            if any(words.contains(parts, some) for some in self.names):
                return True
        return words.is_secret_name(name)


def parse(items: Iterable[str]) -> Rules:
    """Return the package's rules with those of the setting ``redact`` added.

    Args:
        items: Each a name, ``!name`` for what is no secret, or ``/form/``, a regular expression.
    """
    names: list[tuple[str, ...]] = []
    kept: list[tuple[str, ...]] = []
    patterns: list[re.Pattern[str]] = []
    for item in items:
        if item.startswith("/"):
            patterns.append(re.compile(item[1:-1]))
        elif item.startswith("!"):
            kept.append(words.words(item[1:]))
        else:
            names.append(words.words(item))
    return Rules(names=tuple(names), kept=tuple(kept), patterns=tuple(patterns))


def of_setting(redact: str | tuple[str, ...]) -> Rules:
    """Return the rules that a value of the setting ``redact`` means."""
    if isinstance(redact, tuple):
        return parse(redact)
    return Rules(is_on=redact != "off")


_in_force = Rules()


def in_force() -> Rules:
    """Return the rules of this process: the package's, until somebody has set up recording."""
    return _in_force


def put_in_force(rules: Rules) -> None:
    """Make rules those of this process."""
    global _in_force  # noqa: PLW0603 - one process has one set of rules
    _in_force = rules
