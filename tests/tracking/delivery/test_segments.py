"""Files of the spool: whatever befalls them, what can be trusted is read and the rest is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlmeta_track.domain.batch import Batch
from mlmeta_track.testing.store_cases.build import end_of_step
from mlmeta_track.tracking.delivery import segments
from mlmeta_track.tracking.delivery.encoding import encode
from mlmeta_track.tracking.delivery.segments import SegmentGoneError

BATCHES = [end_of_step(f"e{number}", f"s{number}") for number in range(4)]
LINES = [segments.line_of(i, encode(batch, "task")) for i, batch in enumerate(BATCHES)]
WHOLE = b"".join(LINES)
ENDS = [sum(map(len, LINES[: i + 1])) for i in range(len(LINES))]

often = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.spool"


def read(path: Path) -> tuple[list[Batch], segments.Part]:
    part = segments.read(path)
    return [record.batch for record in part.records], part


def test_what_was_appended_is_read_in_order(path: Path) -> None:
    segments.append(path, LINES[:2], new=True)
    segments.append(path, LINES[2:], new=False)
    batches, part = read(path)
    assert batches == BATCHES
    assert (part.damage, part.rest, part.size) == ((), 0, len(WHOLE))


def test_reading_goes_on_where_it_ended(path: Path) -> None:
    segments.append(path, LINES[:1], new=True)
    part = segments.read(path)
    segments.append(path, LINES[1:], new=False)
    after = segments.read(path, part)
    assert [record.batch for record in after.records] == BATCHES[1:]
    assert after.damage == ()


@often
@given(st.integers(0, len(WHOLE)))
def test_cut_anywhere_what_precedes_is_read_and_the_cut_is_named(path: Path, at: int) -> None:
    path.write_bytes(WHOLE[:at])
    batches, part = read(path)
    assert batches == BATCHES[: sum(end <= at for end in ENDS)]
    assert part.damage == ()
    assert bool(part.rest) is (at not in (0, *ENDS))


@often
@given(st.integers(0, len(WHOLE) * 8 - 1))
def test_with_any_bit_flipped_the_others_are_read_and_the_damage_is_named(
    path: Path, bit: int
) -> None:
    flipped = bytearray(WHOLE)
    flipped[bit // 8] ^= 1 << bit % 8
    path.write_bytes(flipped)
    batches, part = read(path)
    hit = sum(end <= bit // 8 for end in ENDS)
    # The line break belongs to two: without it, neither can be told.
    lost = {hit, hit + 1} if bit // 8 == ENDS[hit] - 1 else {hit}
    expected = [batch for i, batch in enumerate(BATCHES) if i not in lost]
    assert batches == expected
    assert part.damage or part.rest


@often
@given(st.data())
def test_bytes_overwritten_anywhere_invent_nothing(path: Path, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(WHOLE) - 1))
    garbage = data.draw(st.binary(min_size=1, max_size=200))
    path.write_bytes(WHOLE[:begin] + garbage + WHOLE[begin + len(garbage) :])
    batches, _ = read(path)
    assert [batch for batch in batches if batch not in BATCHES] == []
    assert batches[: sum(end <= begin for end in ENDS)] == BATCHES[: sum(e <= begin for e in ENDS)]


def test_a_record_that_was_taken_out_is_named(path: Path) -> None:
    path.write_bytes(LINES[0] + LINES[2])
    batches, part = read(path)
    assert batches == [BATCHES[0], BATCHES[2]]
    assert part.damage == ("record 1 is missing",)


def test_a_segment_is_not_removed_if_something_was_appended_since_it_was_read(path: Path) -> None:
    segments.append(path, LINES[:1], new=True)
    part = segments.read(path)
    segments.append(path, LINES[1:], new=False)
    assert not segments.take_away_if_read(path, part, path.unlink)
    assert segments.take_away_if_read(path, segments.read(path, part), path.unlink)
    assert not path.exists()


def test_nothing_is_appended_to_a_segment_that_was_removed(path: Path) -> None:
    segments.append(path, LINES[:1], new=True)
    path.unlink()
    with pytest.raises(SegmentGoneError):
        segments.append(path, LINES[1:], new=False)
    assert not path.exists()


def test_what_cannot_be_written_whole_is_not_there_in_part(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segments.append(path, LINES[:1], new=True)
    write = os.write

    def full(descriptor: int, content: bytes) -> int:
        write(descriptor, bytes(content[:10]))
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            segments.append(path, LINES[1:], new=False)
    assert path.read_bytes() == LINES[0]
