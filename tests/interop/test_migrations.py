"""Old stores of the real wheel's own making become new ones, and ours old ones that it upgrades."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from mlmeta_track.store.sql.migrations import downgrade, upgrade
from tests.servers import DatabaseServer
from tests.store.old_schemas import DATABASES, contents, describe, left_of, run

from .places import place

VERSIONS: Mapping[str, Sequence[int]] = {
    "sqlite": range(10),
    "mariadb": range(10),
    "postgresql": range(1, 10),
}
ON_ALL = [(name, version) for name in DATABASES for version in VERSIONS[name]]
NOT_UPGRADED_BY_THE_WHEEL = [5, 6, 7, 8]
"""Versions that the wheel does not upgrade on PostgreSQL: it makes the times 32 bits wide."""
NODES = ("artifacts", "executions", "contexts")

Wheel: TypeAlias = "Callable[..., list[Any]]"
Place: TypeAlias = "Callable[[str], str]"


@pytest.fixture(scope="module")
def migrating_wheel(wheel_python: str) -> Wheel:
    """A function that has the wheel do jobs, each a URL and commands, and returns its answers."""

    def ask(*jobs: tuple[str, Sequence[str]]) -> list[Any]:
        placed = [(_place(url), list(commands)) for url, commands in jobs]
        script = Path(__file__).with_name("migrations_side.py")
        done = subprocess.run(
            [wheel_python, str(script), json.dumps(placed)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers: list[Any] = json.loads(done.stdout)
        return answers

    return ask


def _place(url: str) -> str:
    if url.startswith("sqlite"):
        return url.removeprefix("sqlite:///")
    return place(url)


@pytest.fixture(scope="module")
def new_place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A function that returns the URL of a database that does not exist yet."""

    def new(database: str) -> str:
        if database == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('store') / 'metadata.db'}"
        server: DatabaseServer = request.getfixturevalue(database)
        return server.new_url(is_kept=True)

    return new


@pytest.fixture(scope="module")
def old_stores(migrating_wheel: Wheel, new_place: Place) -> Callable[[str, int], tuple[str, Any]]:
    """A function that returns the URL of an old store of the wheel, and what it had in it."""
    made: dict[str, dict[int, tuple[str, Any]]] = {}

    def old_store(database: str, version: int) -> tuple[str, Any]:
        if database not in made:
            urls = {number: new_place(database) for number in VERSIONS[database]}
            steps = ("write_narrow", "dump")
            answers = migrating_wheel(
                *((url, (*steps, f"downgrade {number}")) for number, url in urls.items())
            )
            assert [answer[2] for answer in answers] == [None] * len(urls)
            dumps = (answer[1] for answer in answers)
            made[database] = {n: (u, d) for (n, u), d in zip(urls.items(), dumps, strict=True)}
        return made[database][version]

    return old_store


@pytest.fixture(scope="module")
def fresh_schema(migrating_wheel: Wheel, new_place: Place) -> Callable[[str], dict[str, Any]]:
    """A function that returns the schema of a new store of the wheel."""
    made: dict[str, dict[str, Any]] = {}

    def schema(database: str) -> dict[str, Any]:
        if database not in made:
            url = new_place(database)
            assert migrating_wheel((url, ["create"])) == [[None]]
            made[database] = describe(url)
        return made[database]

    return schema


def in_order(dump: dict[str, Any]) -> dict[str, Any]:
    """What the wheel reads, with its nodes in the order of their ids; on PostgreSQL it has none."""
    return dump | {kind: sorted(dump[kind], key=lambda node: node["id"]) for kind in NODES}


def left_by_the_wheel(before: dict[str, Any], version: int, database: str) -> dict[str, Any]:
    """What is left of a store that the wheel brought to an older version."""
    left = in_order(left_of(copy.deepcopy(before), version))
    if database == "postgresql":
        # There it does not drop the external ids, and they are still there when it is upgraded.
        for kind in NODES:
            ids = {node["id"]: node["external_id"] for node in before[kind]}
            left[kind] = [node | {"external_id": ids[node["id"]]} for node in left[kind]]
    return left


def in_common(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What is compared of the schema of a server's store.

    The names of unique keys are not: the wheel gives a key another name when it upgrades than when
    it creates.  Nor is how much of a text an index of PostgreSQL holds, where the wheel's holds no
    long one, and of which rows, where the wheel's downgrade leaves another; nor the width of whole
    numbers in a table that the upgrade made, which is ours.
    """
    found: dict[str, Any] = copy.deepcopy(dict(schema))
    for name, table in found.items():
        if not isinstance(table["columns"], dict):
            continue  # a file's: all of it is compared
        if name.lower() == "contextproperty":
            _, *rest = table["columns"]["int_value"]
            table["columns"]["int_value"] = rest
        table["unique"] = sorted(table["unique"].values())
        table["indexes"] = {
            name: [str(c).replace('"left"', "").strip("()").split(",")[0] for c in columns]
            for name, (unique, columns) in table["indexes"].items()
            if not unique
        }
    return found


@pytest.mark.parametrize(("database", "version"), ON_ALL)
def test_an_old_store_of_the_wheel_is_upgraded(
    migrating_wheel: Wheel,
    old_stores: Callable[[str, int], tuple[str, Any]],
    fresh_schema: Callable[[str], dict[str, Any]],
    database: str,
    version: int,
) -> None:
    url, before = old_stores(database, version)

    assert upgrade(url) == version

    left = left_by_the_wheel(before, version, database)
    assert contents(url) == left
    [[dump, _, changed]] = migrating_wheel((url, ["dump", "update", "dump"]))
    assert in_order(dump) == left
    assert contents(url) == in_order(changed) != left
    assert in_common(describe(url)) == in_common(fresh_schema(database))


@pytest.mark.parametrize("database", ["sqlite", "mariadb"])
def test_an_upgraded_store_is_the_one_that_the_wheel_makes_by_upgrading(
    migrating_wheel: Wheel, new_place: Place, database: str
) -> None:
    theirs, ours = (
        {number: new_place(database) for number in VERSIONS[database]} for _ in range(2)
    )
    jobs = [(url, ["create", f"downgrade {n}", "upgrade"]) for n, url in theirs.items()]
    jobs += [(url, ["create", f"downgrade {n}"]) for n, url in ours.items()]
    migrating_wheel(*jobs)
    for version, url in ours.items():
        assert upgrade(url) == version
        assert in_common(describe(url)) == in_common(describe(theirs[version]))


@pytest.mark.parametrize("database", DATABASES)
def test_the_same_events_are_dropped_as_by_the_wheel(
    migrating_wheel: Wheel, new_place: Place, database: str
) -> None:
    ours, theirs = new_place(database), new_place(database)
    migrating_wheel(*((url, ["create", "downgrade 7"]) for url in (ours, theirs)))
    for url in (ours, theirs):
        run(
            url,
            "INSERT INTO Event VALUES (1, 1, 1, 3, 5), (2, 1, 1, 4, 5), (3, 1, 1, 3, 4),"
            " (4, 2, 1, 3, 9), (7, 1, 1, 3, NULL), (8, 2, 1, 3, 5)",
            "INSERT INTO EventPath VALUES (1, FALSE, NULL, 'a'), (3, TRUE, 3, NULL),"
            " (7, FALSE, NULL, 'b'), (7, TRUE, 1, NULL), (4, FALSE, NULL, 'c'),"
            " (2, FALSE, NULL, 'd')",
        )

    upgrade(ours)
    assert migrating_wheel((theirs, ["upgrade"])) == [[None]]

    for asked in ("SELECT * FROM Event", "SELECT * FROM EventPath"):
        assert sorted(map(str, run(ours, asked))) == sorted(map(str, run(theirs, asked)))


@pytest.mark.parametrize(
    ("database", "version"),
    [
        (database, version)
        for database, version in ON_ALL
        if database != "postgresql" or version not in NOT_UPGRADED_BY_THE_WHEEL
    ],
)
def test_what_we_brought_back_the_wheel_upgrades(
    migrating_wheel: Wheel, new_place: Place, database: str, version: int
) -> None:
    url = new_place(database)
    [[_, before]] = migrating_wheel((url, ["write_narrow", "dump"]))

    assert downgrade(url, version) == 10

    [[_, dump]] = migrating_wheel((url, ["upgrade", "dump"]))
    assert in_order(dump) == in_order(left_of(before, version))


@pytest.mark.parametrize("version", NOT_UPGRADED_BY_THE_WHEEL)
def test_the_wheel_does_not_upgrade_these_of_its_own_on_postgresql_either(
    migrating_wheel: Wheel, new_place: Place, version: int
) -> None:
    url = new_place("postgresql")
    [[*_, error]] = migrating_wheel((url, ["write_narrow", f"downgrade {version}", "upgrade"]))
    assert error[0] == "RuntimeError"
    assert "integer out of range" in error[1]
