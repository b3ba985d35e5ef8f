"""What keeps connections between transactions: who gets which, and when they are closed."""

from __future__ import annotations

from mlmeta_track.store.sql.connections import KeptConnections


class Connection:
    is_closed = False

    def close(self) -> None:
        self.is_closed = True


def test_the_connection_that_was_given_back_last_is_lent_first() -> None:
    kept = KeptConnections(Connection, most=2)
    first, second = kept.take(), kept.take()
    assert first is not second
    kept.give_back(first)
    kept.give_back(second)
    assert [kept.take(), kept.take()] == [second, first]


def test_more_than_are_kept_are_closed_when_they_are_given_back() -> None:
    kept = KeptConnections(Connection, most=1)
    first, second = kept.take(), kept.take()
    kept.give_back(first)
    kept.give_back(second)
    assert (first.is_closed, second.is_closed) == (False, True)


def test_one_that_may_be_broken_is_closed_and_never_lent_again() -> None:
    kept = KeptConnections(Connection, most=1)
    broken = kept.take()
    kept.drop(broken)
    assert broken.is_closed
    assert kept.take() is not broken


def test_closing_closes_those_at_rest_at_once_and_the_others_when_they_come_back() -> None:
    kept = KeptConnections(Connection, most=2)
    in_use, at_rest = kept.take(), kept.take()
    kept.give_back(at_rest)
    kept.close()
    assert (in_use.is_closed, at_rest.is_closed) == (False, True)
    kept.give_back(in_use)
    assert in_use.is_closed
