"""What is in Python values, as bytes that are equal for equal contents, in every process.

Unlike the fingerprints of artifacts, these are never made of samples, and never of less than all
that a function could see of a value.  What cannot be told so raises ``UnknownContentError``.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

from mlmeta_track.tracking.redaction import texts
from mlmeta_track.tracking.redaction.opaque import is_opaque
from mlmeta_track.tracking.redaction.rules import Rules
from mlmeta_track.tracking.redaction.values import clean_value
from mlmeta_track.tracking.redaction.words import says_nothing
from mlmeta_track.tracking.reuse.contents import content_at
from mlmeta_track.tracking.reuse.unknown import UnknownContentError

_MOST_PLACES = 3  # of where something stands, in the reason that is given

_GIVEN_AWAY = "this looks like a secret, which a key made of it could give away"


def digest(kind: str, *parts: bytes) -> bytes:
    """Return the digest of a value that is made of parts; no two lists of parts are the same."""
    hashed = hashlib.sha256(kind.encode())
    for part in parts:
        hashed.update(b"\0%d\0" % len(part))
        hashed.update(part)
    return hashed.digest()


class Content:
    """The contents of values, each looked at once."""

    def __init__(self, rules: Rules, *, is_code: bool = False) -> None:
        """Have looked at nothing.

        Args:
            rules: They tell what is a secret.
            is_code: Whether these are a function and what it uses.  Paths that are named there may
                be of what it makes: then what lies there is no part of the content, and is left
                to who compares ``places``.
        """
        self.places: dict[str, str | None] = {}
        self._rules = rules
        self._is_code = is_code
        self._known: dict[int, bytes] = {}
        self._kept: list[object] = []  # so that no other value gets the id of one that is known
        self._open: dict[int, int] = {}
        self._places: list[str] = []

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """Say where the values in a block stand, such as ``the argument 'x'``."""
        self._places.append(place)
        yield
        self._places.pop()

    def refuse(self, what: str) -> NoReturn:
        """Raise the error that something has no fingerprint, which says where it stands."""
        places = " in ".join(reversed(self._places[-_MOST_PLACES:]))
        raise UnknownContentError(f"{places}: {what}" if places else what)

    def of(self, value: Any) -> bytes:
        """Return a value's content.

        Raises:
            UnknownContentError: It cannot be told; the message says of what.
        """
        kind = type(value)
        simple = _SIMPLE.get(kind)
        if simple is not None:
            return simple(value)
        if kind is str:
            return self._text(value)
        key = id(value)
        if key in self._known:
            return self._known[key]
        if key in self._open:
            return b"again %d" % self._open[key]
        self._open[key] = len(self._open)
        found = self._encoded(value, kind)
        del self._open[key]
        self._known[key] = found
        self._kept.append(value)
        return found

    def named(self, name: str, value: Any) -> bytes:
        """Return the content of what has a name; what looks like a secret has none.

        A key in the store is made of it, and who has the key could try secrets until one fits.
        """
        with self.at(f"{name!r}"):
            if _is_secret(name, value, self._rules):
                self.refuse(_GIVEN_AWAY)
            return digest("named", name.encode(errors="surrogatepass"), self.of(value))

    def mapping(self, kind: str, items: Mapping[str, Any]) -> bytes:
        """Return the content of named values, in the order of their names."""
        return digest(kind, *(self.named(name, items[name]) for name in sorted(items)))

    def annotations(self, types: Mapping[str, Any]) -> bytes:
        """Return the content of annotations, which code may ask for as well."""
        parts = (digest("annotation", n.encode(), self.of(types[n])) for n in sorted(types))
        return digest("annotations", *parts)

    def place(self, text: str, look: Callable[[str], str | None] = content_at) -> bytes:
        """Return the content of what lies at a path or pattern, if the text is one."""
        try:
            found = self.places[text] = look(text)
        except UnknownContentError as error:
            self.refuse(str(error))
        return b"" if found is None or self._is_code else found.encode()

    def _text(self, value: str) -> bytes:
        if self._rules.is_on and texts.clean(value, self._rules) != value:
            self.refuse(_GIVEN_AWAY)
        return digest("text", value.encode("utf-8", "surrogatepass"), self.place(value))

    def _encoded(self, value: Any, kind: type) -> bytes:
        if is_opaque(kind):
            self.refuse("this is a secret")
        answers = (encode(self, value) for encode in ENCODERS)
        found = next((answer for answer in answers if answer is not None), None)
        if found is None:
            self.refuse(f"{_name(kind)} has no fingerprint")
        return found


ENCODERS: list[Callable[[Content, Any], bytes | None]] = []
"""What can tell contents, in the order in which it is asked; None is for what it does not know."""


def _name(kind: type) -> str:
    return f"a value of type {kind.__module__}.{kind.__qualname__}"


def _is_secret(name: str, value: Any, rules: Rules) -> bool:
    kind = type(value)
    if not rules.is_on:
        return False
    if kind is str:
        return bool(clean_value(name, value, rules) != value)
    if kind in (int, float):
        return rules.is_secret_name(name) and not says_nothing(str(value), name)
    return kind in _MAY_HOLD_SECRETS and bool(value) and rules.is_secret_name(name)


_MAY_HOLD_SECRETS = frozenset({bytes, bytearray, list, tuple, dict, set, frozenset})


def _float(value: float) -> bytes:
    return b"f" + struct.pack(">d", value)


def _repr_of(kind: type) -> Callable[[Any], bytes]:
    return lambda value: f"{kind.__name__} {value!r}".encode(errors="surrogatepass")


_SIMPLE: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"none",
    type(...): lambda _: b"ellipsis",
    type(NotImplemented): lambda _: b"not implemented",
    object: lambda _: b"object",  # nobody can see anything of it but that it is itself
    bool: lambda value: b"true" if value else b"false",
    int: lambda value: b"i%x" % value,
    float: _float,
    complex: lambda value: b"c" + _float(value.real) + _float(value.imag),
    bytes: lambda value: b"b" + value,
    bytearray: lambda value: b"a" + bytes(value),
    range: lambda value: repr(value).encode(),
    **{kind: _repr_of(kind) for kind in (date, timedelta, Decimal, UUID)},
}
