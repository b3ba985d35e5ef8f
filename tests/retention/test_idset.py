"""Sets of ids behave as Python's own sets do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlmeta_track.retention.idset import IdSet

IDS = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 100_000)


@given(st.lists(IDS), st.lists(IDS))
def test_it_holds_what_a_set_holds(added: list[int], removed: list[int]) -> None:
    ids, model = IdSet(added), set(added)
    assert [one in ids for one in removed] == [one in model for one in removed]
    ids.remove(removed)
    model -= set(removed)
    assert list(ids) == sorted(model)
    assert list(reversed(ids)) == sorted(model, reverse=True)
    assert len(ids) == len(model)


def test_adding_says_whether_an_id_is_new() -> None:
    ids = IdSet()
    assert ids.add(7)
    assert not ids.add(7)
    assert "7" not in ids
