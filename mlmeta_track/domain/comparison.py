"""How two recorded things differ: two runs, two executions or two artifacts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import TypeAlias, TypeVar

from mlmeta_track.domain.drawing import outcome, plain_value, short_name
from mlmeta_track.domain.nodes import (
    FILE_FINGERPRINT,
    FINGERPRINT,
    STATE_PROPERTY,
    Artifact,
    Context,
    Execution,
    Properties,
)

SECTIONS = (
    "steps",
    "parameters",
    "metrics",
    "inputs",
    "outputs",
    "properties",
    "schema",
    "statistics",
    "anomalies",
    "code",
    "packages",
    "environment",
)
"""What is compared, in the order in which it is told."""

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same: where, its name, and both values; None is absent."""

    section: str
    name: str
    a: object
    b: object


@dataclass(frozen=True, slots=True)
class StepRecord:
    """An execution with what it used and made, by the path of the event."""

    execution: Execution
    inputs: Mapping[str, Artifact] = field(default_factory=dict)
    outputs: Mapping[str, Artifact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run with its steps, in the order in which they were recorded."""

    context: Context
    steps: tuple[StepRecord, ...] = ()


Contents: TypeAlias = "Callable[[Artifact, Artifact], Iterable[Difference]]"
"""Tells what differs inside two artifacts whose content is not the same."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between ``a`` and ``b``, in the order of ``SECTIONS``."""

    a: Artifact | Execution | Context
    b: Artifact | Execution | Context
    differences: tuple[Difference, ...]

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.differences)

    def section(self, name: str) -> tuple[Difference, ...]:
        """Return the differences of one section."""
        return tuple(one for one in self.differences if one.section == name)

    def shortened(self, most: int) -> tuple[Comparison, bool]:
        """Return it with no more than ``most`` differences a section, and whether it had others."""
        told: Counter[str] = Counter()
        kept = []
        for one in self.differences:
            told[one.section] += 1
            if told[one.section] <= most:
                kept.append(one)
        return Comparison(self.a, self.b, tuple(kept)), len(kept) < len(self.differences)

    def to_dict(self) -> dict[str, object]:
        """Return the comparison as plain values that JSON can hold."""
        return {
            "a": _named(self.a),
            "b": _named(self.b),
            "differences": [
                asdict(one) | {"a": plain_value(one.a), "b": plain_value(one.b)}
                for one in self.differences
            ],
        }

    def to_json(self) -> str:
        """Return the comparison as JSON text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    def to_text(self) -> str:
        """Return the comparison as text, one difference a line, section by section."""
        lines = [f"{title(self.a)}  →  {title(self.b)}"]
        if not self.differences:
            return f"{lines[0]}\nno differences"
        for name in SECTIONS:
            found = self.section(name)
            if found:
                lines.append(f"{name}:")
                lines.extend(f"  {d.name}: {shown(d.a)} → {shown(d.b)}" for d in found)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return a table, which is how notebooks show it."""
        table: str = import_module("mlmeta_track.domain.cards").comparison_html(self)
        return table

    def __str__(self) -> str:
        """Return the text."""
        return self.to_text()


def title(node: Artifact | Execution | Context) -> str:
    """Name a node on one line."""
    if isinstance(node, Context):
        return f"{node.type} {node.name}"
    if isinstance(node, Execution):
        return f"{node.type} [execution {node.id}]"
    return f"{node.type} {short_name(node)} [artifact {node.id}]"


def shown(value: object) -> str:
    """Return a value of a difference as text; what is absent is a dash."""
    if value is None:
        return "—"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _named(node: Artifact | Execution | Context) -> dict[str, object]:
    return {
        "kind": type(node).__name__.lower(),
        "id": node.id,
        "type": node.type,
        "name": node.name,
    }


def no_contents(a: Artifact, b: Artifact) -> Iterable[Difference]:  # noqa: ARG001 - a `Contents`
    """Look into no artifact."""
    return ()


def compare_runs(a: RunRecord, b: RunRecord, contents: Contents = no_contents) -> Comparison:
    """Compare two runs: the facts of each, and their steps pair by pair.

    Steps are paired by type, the first of a type with the first.
    """
    found = [*_facts(a.context.custom_properties, b.context.custom_properties)]
    found.extend(_changed("properties", a.context.properties, b.context.properties))
    for label, one, other in _paired(_steps(a), _steps(b)):
        if one is None or other is None:
            found.append(Difference("steps", label, *(_ended(step) for step in (one, other))))
        else:
            found.extend(_between_steps(f"{label}.", one, other, contents))
    return Comparison(a.context, b.context, _in_order(found))


def compare_steps(a: StepRecord, b: StepRecord, contents: Contents = no_contents) -> Comparison:
    """Compare two executions: how they ended, parameters, metrics, inputs and outputs."""
    return Comparison(a.execution, b.execution, _in_order(_between_steps("", a, b, contents)))


def compare_artifacts(a: Artifact, b: Artifact, contents: Contents = no_contents) -> Comparison:
    """Compare two artifacts: their properties, and what is inside them."""
    found = list(_changed("properties", _public(a.properties), _public(b.properties)))
    found.extend(_changed("properties", _public(a.custom_properties), _public(b.custom_properties)))
    if a.type != b.type:
        found.append(Difference("properties", "type", a.type, b.type))
    if a.uri != b.uri:
        found.append(Difference("properties", "uri", a.uri, b.uri))
    if not same_content(a, b):
        found.append(Difference("properties", "content", a.fingerprint, b.fingerprint))
        found.extend(contents(a, b))
    return Comparison(a, b, _in_order(found))


def same_content(a: Artifact, b: Artifact) -> bool:
    """Tell whether two artifacts have the same content, as far as their fingerprints tell."""
    if a.id == b.id:
        return True
    return bool(_fingerprints(a) & _fingerprints(b))


def _fingerprints(artifact: Artifact) -> set[object]:
    known: set[object] = {
        artifact.custom_properties.get(name) for name in (FINGERPRINT, FILE_FINGERPRINT)
    }
    return known - {None}


def _between_steps(
    prefix: str, a: StepRecord, b: StepRecord, contents: Contents
) -> Iterator[Difference]:
    states = (a.execution.last_known_state, b.execution.last_known_state)
    if states[0] is not states[1]:
        yield Difference("steps", prefix.rstrip(".") or a.execution.type, _ended(a), _ended(b))
    metrics = metric_names(a.execution.custom_properties)
    metrics |= metric_names(b.execution.custom_properties)
    facts_a, facts_b = _logged(a.execution), _logged(b.execution)
    for name, one, other in _paired(facts_a, facts_b):
        if one != other:
            section = "metrics" if name in metrics else "parameters"
            yield Difference(section, f"{prefix}{name}", one, other)
    for section, used_a, used_b in (
        ("inputs", a.inputs, b.inputs),
        ("outputs", a.outputs, b.outputs),
    ):
        for name, artifact, counterpart in _paired(used_a, used_b):
            yield from _between_artifacts(
                section, f"{prefix}{name}", artifact, counterpart, contents
            )


def _between_artifacts(
    section: str, name: str, a: Artifact | None, b: Artifact | None, contents: Contents
) -> Iterator[Difference]:
    if a is None or b is None:
        yield Difference(section, name, a and title(a), b and title(b))
    elif not same_content(a, b):
        yield Difference(section, name, _with_content(a), _with_content(b))
        if section == "outputs":
            # What came in different was somebody's output, or is a source: said once is enough.
            for inside in contents(a, b):
                yield Difference(inside.section, f"{name}: {inside.name}", inside.a, inside.b)


def _with_content(artifact: Artifact) -> str:
    fingerprint = (artifact.fingerprint or "content unknown").split(":")[-1][:12]
    return f"{title(artifact)} {fingerprint}"


def _logged(execution: Execution) -> dict[str, object]:
    declared = {k: v for k, v in execution.properties.items() if k != STATE_PROPERTY}
    return _public({**declared, **execution.custom_properties})


def metric_names(custom: Properties) -> set[str]:
    """Return which of an execution's custom properties are metrics."""
    try:
        names = json.loads(str(custom.get("mlmeta_metrics", "[]")))
    except ValueError:
        return set()
    return set(map(str, names)) if isinstance(names, list) else set()


def _public(properties: Properties) -> dict[str, object]:
    return {name: value for name, value in properties.items() if not name.startswith("mlmeta_")}


def _ended(step: StepRecord | None) -> str | None:
    return None if step is None else outcome(step.execution)


def _steps(run: RunRecord) -> dict[str, StepRecord]:
    """Name the steps of a run: by type, and by number where a type occurs again."""
    seen: Counter[str] = Counter()
    named = {}
    for step in run.steps:
        seen[step.execution.type] += 1
        number = seen[step.execution.type]
        named[step.execution.type if number == 1 else f"{step.execution.type} #{number}"] = step
    return named


# What a run's facts tell, by how their names begin; what is not here differs in every run.
_FACTS = (
    ("code", ("mlmeta_git_", "mlmeta_command_line", "mlmeta_untracked", "mlmeta_code")),
    ("environment", ("mlmeta_python", "mlmeta_platform", "mlmeta_host", "mlmeta_user")),
    ("environment", ("mlmeta_working_directory", "mlmeta_environment")),
)
_PACKAGES = "mlmeta_packages"


def _facts(a: Properties, b: Properties) -> Iterator[Difference]:
    for section, beginnings in _FACTS:
        yield from _changed(section, _beginning(a, beginnings), _beginning(b, beginnings))
    yield from _changed("packages", _json_object(a.get(_PACKAGES)), _json_object(b.get(_PACKAGES)))
    yield from _changed("properties", _public(a), _public(b))


def _beginning(properties: Properties, beginnings: tuple[str, ...]) -> dict[str, object]:
    return {
        name.removeprefix("mlmeta_"): value
        for name, value in properties.items()
        if name.startswith(beginnings)
    }


def _json_object(text: object) -> dict[str, object]:
    try:
        value = json.loads(str(text))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _changed(
    section: str, a: Mapping[str, object], b: Mapping[str, object]
) -> Iterator[Difference]:
    for name, one, other in _paired(a, b):
        if one != other:
            yield Difference(section, name, one, other)


def _paired(
    a: Mapping[str, ValueT], b: Mapping[str, ValueT]
) -> Iterator[tuple[str, ValueT | None, ValueT | None]]:
    for name in dict.fromkeys((*a, *b)):
        yield name, a.get(name), b.get(name)


def _in_order(found: Iterable[Difference]) -> tuple[Difference, ...]:
    return tuple(sorted(found, key=lambda one: SECTIONS.index(one.section)))
