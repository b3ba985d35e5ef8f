"""A schema as a table: one row a feature, with what it demands of the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

MOST_VALUES = 50
"""So many values of a domain are shown; the differences between domains name all."""

_TYPES: Mapping[int, str] = {0: "", 1: "BYTES", 2: "INT", 3: "FLOAT", 4: "STRUCT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFeature:
    """What a schema demands of one feature; the empty text where it demands nothing.

    Args:
        name: The name; a feature inside another one has both names with a dot between them.
        type: ``INT``, ``FLOAT``, ``BYTES`` or ``STRUCT``.
        presence: ``required``, ``optional``, or from which share of the examples on.
        valency: How many values an example has: ``single``, ``[1, 3]``, ``[1, ...]``.
        domain: The values that may occur: ``STRING``, ``[0, 100]``, ``BOOL``.
        values: The values of a domain of texts.
        stage: The stage of its life: ``DEPRECATED``, ``PLANNED`` and so on.
        environments: The environments that it is, or is not, expected in.
        comparators: The bounds for drift and skew.
    """

    name: str
    type: str = ""
    presence: str = ""
    valency: str = ""
    domain: str = ""
    values: tuple[str, ...] = ()
    stage: str = ""
    environments: str = ""
    comparators: str = ""


def table(message: Any) -> tuple[SchemaFeature, ...]:
    """Return one row a feature of a ``Schema``, features inside others included."""
    domains = {domain.name: tuple(domain.value) for domain in message.string_domain}
    return tuple(_rows(message.feature, domains, ""))


def _rows(
    features: Any, domains: Mapping[str, tuple[str, ...]], prefix: str
) -> Iterator[SchemaFeature]:
    for feature in features:
        name = f"{prefix}{feature.name}"
        domain, values = _domain(feature, domains)
        yield SchemaFeature(
            name=name,
            type=_TYPES.get(feature.type, str(feature.type)),
            presence=_presence(feature),
            valency=_valency(feature),
            domain=domain,
            values=values,
            stage=_stage(feature),
            environments=_environments(feature),
            comparators=_comparators(feature),
        )
        if feature.HasField("struct_domain"):
            yield from _rows(feature.struct_domain.feature, domains, f"{name}.")


def _presence(feature: Any) -> str:
    if not feature.HasField("presence"):
        return ""
    fraction, count = feature.presence.min_fraction, feature.presence.min_count
    if fraction >= 1:
        return "required"
    if fraction > 0:
        return f"in at least {fraction:.4g} of the examples"
    return "optional" if count <= 1 else f"in at least {count} examples"


def _valency(feature: Any) -> str:
    kind = feature.WhichOneof("shape_type")
    if kind == "shape":
        sizes = [dimension.size for dimension in feature.shape.dim]
        return "single" if sizes in ([], [1]) else f"shape {sizes}"
    if kind == "value_count":
        low, high = feature.value_count.min, feature.value_count.max
        return f"[{low}, {high or '...'}]"
    if kind == "value_counts":
        counts = feature.value_counts.value_count
        return " of ".join(f"[{count.min}, {count.max or '...'}]" for count in counts)
    return ""


def _domain(feature: Any, domains: Mapping[str, tuple[str, ...]]) -> tuple[str, tuple[str, ...]]:
    kind = feature.WhichOneof("domain_info")
    if kind is None:
        return "", ()
    if kind == "domain":
        return feature.domain, domains.get(feature.domain, ())
    if kind == "string_domain":
        return feature.string_domain.name or "STRING", tuple(feature.string_domain.value)
    if kind in {"int_domain", "float_domain"}:
        return _range(getattr(feature, kind)), ()
    return kind.removesuffix("_domain").upper(), ()


def _range(domain: Any) -> str:
    low = f"{domain.min:g}" if domain.HasField("min") else "..."
    high = f"{domain.max:g}" if domain.HasField("max") else "..."
    marks = [mark for mark in ("is_categorical", "is_embedding") if getattr(domain, mark, False)]
    named = " ".join(mark.removeprefix("is_") for mark in marks)
    return f"[{low}, {high}]{f' {named}' if named else ''}"


def _stage(feature: Any) -> str:
    if feature.deprecated:
        return "DEPRECATED"
    if not feature.HasField("lifecycle_stage"):
        return ""
    field = feature.DESCRIPTOR.fields_by_name["lifecycle_stage"]
    value = field.enum_type.values_by_number.get(feature.lifecycle_stage)
    return str(feature.lifecycle_stage) if value is None else str(value.name)


def _environments(feature: Any) -> str:
    parts = []
    if feature.in_environment:
        parts.append(f"in {', '.join(sorted(feature.in_environment))}")
    if feature.not_in_environment:
        parts.append(f"not in {', '.join(sorted(feature.not_in_environment))}")
    return "; ".join(parts)


def _comparators(feature: Any) -> str:
    parts = []
    for name in ("drift_comparator", "skew_comparator"):
        if feature.HasField(name):
            comparator = getattr(feature, name)
            bounds = [
                f"{field.name} {value.threshold:g}"
                for field, value in comparator.ListFields()
                if hasattr(value, "threshold")
            ]
            parts.append(f"{name.removesuffix('_comparator')}: {', '.join(bounds) or 'any'}")
    return "; ".join(parts)


def demands(feature: SchemaFeature) -> dict[str, Any]:
    """Return what is demanded of a feature by name, without its own name."""
    return {f.name: getattr(feature, f.name) for f in fields(feature) if f.name != "name"}
