"""What is in arrays and models, as text that is equal for equal content.

A pickle will not do: it tells which of two equal texts are one object, and a model has other ones
after it was written and loaded.  Here objects are pickled without that memory, arrays by their
values, and sets in a fixed order.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from typing import Any

MOST_BYTES = 256 * 2**20
"""Arrays are hashed whole as long as they are not more than so many bytes together."""

_SAMPLE_BYTES = 4 * 2**20
_MOST_PICKLED = 2**30
_MOST_OBJECTS = 1_000_000


def fingerprint(value: Any, kind: str) -> str | None:
    """Return text that is equal for values of equal content, in every process.

    Of arrays beyond ``MOST_BYTES`` evenly spaced rows are hashed, and the text begins with
    ``sampled-``.  It is None for what cannot be pickled, such as a model that holds a lambda, and
    for what takes more than a gigabyte beside its arrays.

    Args:
        value: An array, a model, or anything else that can be pickled.
        kind: What it is, for the text to begin with.
    """
    content = _Content()
    try:
        digest = content.of(value)
    except Exception:  # noqa: BLE001 - how it is pickled is the value's own code, and may raise
        return None
    return f"{'sampled-' if content.is_sampled else ''}{kind}-sha256:{digest}"


class _Content:
    """The hashing of one value, with its budget."""

    def __init__(self) -> None:
        self._left = MOST_BYTES
        self._pickled = 0
        self.is_sampled = False

    def of(self, value: Any) -> str:
        digest = hashlib.sha256()
        _ContentPickler(self, digest).dump(value)
        return digest.hexdigest()

    def count(self, pickled: int) -> None:
        self._pickled += pickled
        if self._pickled > _MOST_PICKLED:
            message = "this is too much to look at"
            raise ValueError(message)

    def of_array(self, array: Any) -> tuple[Any, ...]:
        """Return what stands for an array in what is hashed."""
        digest = hashlib.sha256()
        masked_class = sys.modules["numpy"].ma.MaskedArray
        if array.dtype.hasobject or issubclass(type(array), masked_class):
            digest.update(self.of(self._objects(array)).encode())
        elif array.dtype.names:
            # One by one: between fields there may be anything.
            fields = [self.of_array(array[name]) for name in array.dtype.names]
            digest.update(repr(fields).encode())
        elif array.nbytes <= self._left:
            self._left -= array.nbytes
            digest.update(_bytes(array))
        else:
            self.is_sampled = True
            for part in _sampled(array, _SAMPLE_BYTES):
                digest.update(_bytes(part))
        layout = repr(array.dtype.names) if array.dtype.names else array.dtype.str
        return "array", layout, array.shape, digest.hexdigest()

    def _objects(self, array: Any) -> list[Any]:
        flat = array.ravel()
        if flat.size > _MOST_OBJECTS:
            self.is_sampled = True
            flat = flat[:: -(-flat.size // _MOST_OBJECTS)]
        found: list[Any] = flat.tolist()
        return found


class _ContentPickler(pickle.Pickler):
    """Hashes what would be a pickle."""

    def __init__(self, content: _Content, digest: Any) -> None:
        super().__init__(_Sink(content, digest), protocol=4)
        self.fast = True  # remembers no object, and so does not tell which are one
        self._content = content
        self._numpy = sys.modules.get("numpy")

    def persistent_id(self, value: Any) -> Any:
        kind = type(value)
        if kind in (set, frozenset):
            return "set", sorted(map(self._content.of, value))
        numpy = self._numpy
        if numpy is None or not issubclass(kind, numpy.ndarray):
            return None
        return self._content.of_array(value)


class _Sink:
    """A file that is hashed and not kept."""

    def __init__(self, content: _Content, digest: Any) -> None:
        self._content = content
        self._digest = digest

    def write(self, data: Any) -> None:
        self._content.count(len(data))
        self._digest.update(data)


def _bytes(array: Any) -> Any:
    """Return an array's values in the order in which they are read, without a copy if they are."""
    numpy = sys.modules["numpy"]
    plain = numpy.ascontiguousarray(array)
    return plain.reshape(-1).view(numpy.uint8).data if plain.size and plain.itemsize else b""


def _sampled(array: Any, most: int) -> list[Any]:
    """Return evenly spaced rows of an array, the last among them, of about so many bytes."""
    if array.ndim > 1 and array.nbytes // array.shape[0] > most // 2:
        ends = (array[0], array[-1])
        return [part for row in ends for part in _sampled(row, most // 2)]
    rows = max(2, most * len(array) // array.nbytes)
    return [array[:: -(-len(array) // rows)], array[-1:]]
