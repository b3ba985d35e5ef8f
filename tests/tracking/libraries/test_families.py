"""Classes of one kind are looked at, those that are there and those that come, and left again."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from mlmeta_track.tracking.libraries.families import Family


class Seen(list[str]):
    """The names of the classes that were looked at, in order."""

    def look(self, derived: type) -> None:
        self.append(derived.__name__)


def family(base: type, *beside: type) -> tuple[Family, Seen]:
    seen = Seen()
    return Family(base, beside, seen.look), seen


def test_classes_that_are_there_are_looked_at_once() -> None:
    class Base: ...

    class Left(Base): ...

    class Right(Base): ...

    class Both(Left, Right): ...

    watched, seen = family(Base)
    watched.watch()
    assert sorted(seen) == ["Both", "Left", "Right"]
    watched.leave()


def test_classes_that_come_later_are_looked_at_when_they_are_made() -> None:
    class Base: ...

    watched, seen = family(Base)
    watched.watch()

    class Child(Base): ...

    class Grandchild(Child): ...

    assert seen == ["Child", "Grandchild"]
    watched.leave()

    class Late(Base): ...

    assert seen == ["Child", "Grandchild"]
    assert "__init_subclass__" not in vars(Base)


def test_what_a_base_does_with_new_classes_is_done_first() -> None:
    order: list[str] = []

    class Base:
        def __init_subclass__(cls, *, word: str = "") -> None:
            order.append(f"base {word}")

    original = vars(Base)["__init_subclass__"]
    watched = Family(Base, (), lambda derived: order.append(derived.__name__))
    watched.watch()

    class Child(Base, word="hello"): ...

    assert order == ["base hello", "Child"]
    watched.leave()
    assert vars(Base)["__init_subclass__"] is original


def test_a_class_is_looked_at_after_the_one_beside_is_done_with_it() -> None:
    order: list[str] = []

    class Beside:
        def __init_subclass__(cls) -> None:
            super().__init_subclass__()
            order.append("beside")

    class Base: ...

    watched = Family(Base, (Beside,), lambda derived: order.append(derived.__name__))
    watched.watch()

    class Child(Beside, Base): ...

    class Stranger(Beside): ...

    assert order == ["beside", "Child", "beside"]
    watched.leave()


def test_an_error_of_the_bases_own_comes_through_and_the_next_class_is_looked_at() -> None:
    class Base:
        def __init_subclass__(cls, *, fails: bool = False) -> None:
            if fails:
                raise ValueError("not such a class")

    watched, seen = family(Base)
    watched.watch()
    with pytest.raises(ValueError, match="not such a class"):

        class Bad(Base, fails=True): ...

    class Good(Base): ...

    assert seen == ["Good"]
    watched.leave()


def test_somebody_elses_hook_stays() -> None:
    class Base: ...

    watched, seen = family(Base)
    watched.watch()
    ours = vars(Base)["__init_subclass__"]

    def theirs(cls: Any) -> None:
        ours.__get__(None, cls)()

    Base.__init_subclass__ = classmethod(theirs)  # type: ignore[assignment]
    watched.leave()
    assert vars(Base)["__init_subclass__"].__func__ is theirs

    class Child(Base): ...

    assert seen == ["Child"]  # whoever looks says that it no longer wants to


def test_classes_made_in_threads_are_looked_at() -> None:
    class Base: ...

    watched, seen = family(Base)
    watched.watch()
    threads = [threading.Thread(target=type, args=(f"C{i}", (Base,), {})) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    watched.leave()
    assert sorted(seen) == [f"C{i}" for i in range(8)]
