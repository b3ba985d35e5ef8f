"""Artifact classes, and the annotations that say which arguments are artifacts."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Mapping
from types import FrameType, NoneType, UnionType
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints
from weakref import WeakSet

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import PropertyValue
from mlmeta_track.domain.types import SIMPLE_TYPES, ArtifactType, PropertyType
from mlmeta_track.errors import DeclarationError
from mlmeta_track.tracking import active
from mlmeta_track.tracking.redaction.opaque import is_opaque
from mlmeta_track.tracking.redaction.words import MASK

_PROPERTY_TYPES: Mapping[object, PropertyType] = {
    int: PropertyType.INT,
    float: PropertyType.DOUBLE,
    str: PropertyType.STRING,
    bool: PropertyType.BOOLEAN,
}
_PYTHON_NAMES = {kind: python.__name__ for python, kind in _PROPERTY_TYPES.items()}  # type: ignore[attr-defined]

INT64 = range(-(2**63), 2**63)
"""The integers that MLMD can hold."""

_LONGEST_NAME = 255
_SKELETON_DEPTH = 8  # frames, a metaclass's own among them

declared_classes: WeakSet[type[Artifact]] = WeakSet()
"""Every artifact class that the user has declared and still holds."""

declaration_checks: list[Callable[[ArtifactType], None]] = []
"""What looks at each artifact class when it is declared, and may raise."""


class Artifact:
    """The base of artifact classes: a subclass is an ArtifactType, its annotations the properties.

    ::

        class DataSet(mt.Artifact):
            name: str
            split: str
            version: int

    A property is ``int``, ``float``, ``str`` or ``bool``; each may be left out of an instance, and
    may have a default.
    ``class DataSet(mt.Artifact, type_name="my.DataSet", base_type="mlmd.Dataset")`` gives the type
    another name, or one of MLMD's simple types as its base.  A type that the store knows already
    gets the properties that it lacks.

    Raises:
        DeclarationError: The class has no annotations, one of them is not a property's type, or
            an instance is given a property that does not exist or a value of another type.
    """

    artifact_type: ClassVar[ArtifactType]

    def __init_subclass__(
        cls, *, type_name: str | None = None, base_type: str | None = None, **kwargs: Any
    ) -> None:
        """Turn the class into an ArtifactType."""
        super().__init_subclass__(**kwargs)
        if _is_skeleton():
            return
        inherited: ArtifactType | None = getattr(cls, "artifact_type", None)
        cls.artifact_type = ArtifactType(
            _checked_name(cls, cls.__name__ if type_name is None else type_name),
            _declared_properties(cls),
            base_type=_checked_base(cls, base_type or (inherited.base_type if inherited else None)),
        )
        for name in cls.artifact_type.properties.keys() & vars(cls).keys():
            setattr(cls, name, _checked_or_none(cls.artifact_type, name, getattr(cls, name)))
        for check in declaration_checks:
            check(cls.artifact_type)
        declared_classes.add(cls)

    def __init__(self, **properties: PropertyValue | None) -> None:
        """Describe one artifact by the properties that are known of it.

        Inside a running step a property that does not fit is left out with a warning instead: the
        step is the user's work, and goes on.
        """
        if type(self) is Artifact:
            message = "Declare a class of your own, such as `class DataSet(mt.Artifact)`."
            raise DeclarationError(message)
        for name, value in properties.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        """Set a property, if it fits."""
        if name.startswith("_"):
            super().__setattr__(name, value)
            return
        step = active.step.get()
        try:
            super().__setattr__(name, _checked_or_none(self.artifact_type, name, value))
        except DeclarationError as error:
            if step is None:
                raise
            step.guard.report(f"record the property {name!r}", error)

    @property
    def properties(self) -> dict[str, PropertyValue]:
        """The properties that were given, by name, and those with a default in the class."""
        given = {name: getattr(self, name, None) for name in self.artifact_type.properties}
        return {name: value for name, value in given.items() if value is not None}

    def __repr__(self) -> str:
        """Show the instance as it was written."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.properties.items())
        return f"{type(self).__name__}({arguments})"


class Input:
    """Marks an argument as an input artifact: ``Annotated[str, mt.Input(DataSet, split="train")]``.

    The argument is a path, a URI, a value that a plugin knows, or a list of these.

    Raises:
        DeclarationError: The class is no artifact class, or a property does not fit.
    """

    event_type: ClassVar[EventType] = EventType.DECLARED_INPUT

    def __init__(
        self, artifact_class: type[Artifact], /, **properties: PropertyValue | None
    ) -> None:
        """Declare what the argument is, with the properties that are known beforehand."""
        given: object = artifact_class
        if not (isinstance(given, type) and issubclass(given, Artifact)):
            message = (
                f"{type(self).__name__}({artifact_class!r}): give an artifact class,"
                " a subclass of mlmeta_track.Artifact."
            )
            raise DeclarationError(message)
        self.artifact = artifact_class(**properties)

    def __repr__(self) -> str:
        """Show the marker with its artifact."""
        return f"{type(self).__name__}({self.artifact!r})"


class Output(Input):
    """Marks an argument, or the return value, as an output artifact.

    The argument is the path or URI that the step writes to; a return value may also be the value.
    """

    event_type = EventType.DECLARED_OUTPUT


def refine(description: Description, artifact: Artifact) -> Description:
    """Return a description with the type and the properties that the user declared for it."""
    declared = artifact.artifact_type
    same_type = declared.name == description.type.name
    merged_type = declared
    if same_type and description.type is not declared:
        merged_type = ArtifactType(
            declared.name,
            {**description.type.properties, **declared.properties},
            base_type=declared.base_type or description.type.base_type,
        )
    kept = description.properties if same_type else {}
    return Description(
        merged_type,
        description.uri,
        description.fingerprint,
        {**kept, **artifact.properties},
        description.custom_properties,
        description.file_fingerprint,
    )


def _declared_properties(cls: type[Artifact]) -> dict[str, PropertyType]:
    try:
        hints = get_type_hints(cls)
    except Exception as error:
        # Annotations are the user's own code, and may fail in any way.
        message = f"class {cls.__name__}: {error}. Declare properties as int, float, str or bool."
        raise DeclarationError(message) from error
    properties = {
        name: _property_type(cls, name, hint)
        for name, hint in hints.items()
        if get_origin(hint) is not ClassVar and hint is not ClassVar
    }
    if not properties:
        message = (
            f"class {cls.__name__} declares no properties: annotate at least one, such as"
            " `name: str`."
        )
        raise DeclarationError(message)
    return properties


def _property_type(cls: type[Artifact], name: str, hint: object) -> PropertyType:
    if get_origin(hint) in (Union, UnionType):
        choices = [choice for choice in get_args(hint) if choice is not NoneType]
        hint = choices[0] if len(choices) == 1 else hint
    property_type = _PROPERTY_TYPES.get(hint)
    if property_type is None:
        message = (
            f"class {cls.__name__}: property {name!r} cannot be {hint!r}; use int, float, str or"
            " bool."
        )
        raise DeclarationError(message)
    if name.startswith("_") or hasattr(Artifact, name) or name in Artifact.__annotations__:
        message = f"class {cls.__name__}: a property cannot be called {name!r}; rename it."
        raise DeclarationError(message)
    return property_type


def _checked_name(cls: type[Artifact], name: object) -> str:
    if isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and storable(name) == name:
        return name
    message = (
        f"class {cls.__name__}: type_name must be text of 1 to {_LONGEST_NAME} characters that can"
        f" be stored, not {name!r}."
    )
    raise DeclarationError(message)


def _checked_base(cls: type[Artifact], base_type: str | None) -> str | None:
    bases = [simple.name for simple in SIMPLE_TYPES if isinstance(simple, ArtifactType)]
    if base_type is not None and base_type not in bases:
        message = f"class {cls.__name__}: base_type {base_type!r} is none of {', '.join(bases)}."
        raise DeclarationError(message)
    return base_type


def _checked_or_none(declared: ArtifactType, name: str, value: object) -> PropertyValue | None:
    """Return a property's value, None for one that is left out."""
    expected = declared.properties.get(name)
    if expected is None:
        message = (
            f"{declared.name} has no property {name!r}; it has {', '.join(declared.properties)}."
        )
        raise DeclarationError(message)
    converted = _convert(value, expected)
    if converted is None and value is not None:
        kind, wanted = type(value).__name__, _PYTHON_NAMES[expected]
        reason = "of a size that MLMD cannot hold" if kind == wanted else kind
        message = (
            f"{declared.name}.{name} is declared as {wanted}, and cannot be {_shown(value)},"
            f" which is {reason}."
        )
        raise DeclarationError(message)
    return converted


def _shown(value: object) -> str:
    try:
        return repr(value)[:_LONGEST_NAME]
    except Exception:  # noqa: BLE001 - a value's own __repr__ may raise anything
        return "what it is given"


def _convert(value: Any, expected: PropertyType) -> PropertyValue | None:
    """Return the value as a property of that type, or None if it is of another."""
    if is_opaque(type(value)):
        return MASK if expected is PropertyType.STRING else None
    if expected is PropertyType.STRING:
        return storable(str.__str__(value)) if isinstance(value, str) else None
    is_bool = isinstance(value, bool) or _is_numpy_bool(value)
    if expected is PropertyType.BOOLEAN or is_bool:
        return bool(value) if expected is PropertyType.BOOLEAN and is_bool else None
    try:
        if expected is PropertyType.INT:
            integer = operator.index(value)  # also numpy's integers
            return integer if integer in INT64 else None
        number = math.nan if isinstance(value, (str, bytes)) else float(value)
    except Exception:  # noqa: BLE001 - a value that fails to be a number is none
        return None
    return number if math.isfinite(number) else None


def _is_numpy_bool(value: object) -> bool:
    return type(value).__module__ == "numpy" and type(value).__name__ in {"bool", "bool_"}


def storable(text: str) -> str:
    """Return text as every store can hold it: without NUL, and without lone surrogates."""
    if text.isascii() and "\0" not in text:
        return str.__str__(text)
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")


def _is_skeleton() -> bool:
    """Tell whether cloudpickle is building the class anew; it adds what is in a class later."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - there is no other sign of it
    for _ in range(_SKELETON_DEPTH):
        if frame is not None and frame.f_code.co_name != "_make_skeleton_class":
            frame = frame.f_back
    return frame is not None and frame.f_code.co_name == "_make_skeleton_class"
