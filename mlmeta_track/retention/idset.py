"""Sets of ids at a bit an id: a million of them take a quarter of a megabyte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_PAGE = 1 << 15


class IdSet:
    """A set of database ids; it keeps a page of bits where there are any."""

    def __init__(self, ids: Iterable[int] = ()) -> None:
        """Begin with some ids."""
        self._pages: dict[int, bytearray] = {}
        self._size = 0
        self.update(ids)

    def __len__(self) -> int:
        """Return how many ids there are."""
        return self._size

    def __contains__(self, one: object) -> bool:
        """Say whether an id is in the set."""
        if not isinstance(one, int):
            return False
        number, place = divmod(one, _PAGE)
        page = self._pages.get(number)
        return page is not None and bool(page[place >> 3] & (1 << (place & 7)))

    def __iter__(self) -> Iterator[int]:
        """Give the ids in ascending order."""
        for number in sorted(self._pages):
            yield from _ids_of(number, self._pages[number])

    def __reversed__(self) -> Iterator[int]:
        """Give the ids in descending order."""
        for number in sorted(self._pages, reverse=True):
            yield from reversed(_ids_of(number, self._pages[number]))

    def add(self, one: int) -> bool:
        """Add an id, and say whether it is new."""
        number, place = divmod(one, _PAGE)
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = bytearray(_PAGE >> 3)
        bit = 1 << (place & 7)
        if page[place >> 3] & bit:
            return False
        page[place >> 3] |= bit
        self._size += 1
        return True

    def update(self, ids: Iterable[int]) -> None:
        """Add ids."""
        for one in ids:
            self.add(one)

    def remove(self, ids: Iterable[int]) -> None:
        """Take ids out that may be in it."""
        for one in ids:
            if one in self:
                number, place = divmod(one, _PAGE)
                self._pages[number][place >> 3] &= ~(1 << (place & 7))
                self._size -= 1


def _ids_of(number: int, page: bytearray) -> list[int]:
    first = number * _PAGE
    return [
        first + 8 * i + bit
        for i, byte in enumerate(page)
        if byte
        for bit in range(8)
        if byte & (1 << bit)
    ]
