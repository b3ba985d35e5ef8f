"""What filters compute: the same on every database, and nothing that breaks one."""

from __future__ import annotations

from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.filters_build import (
    REFUSED,
    all_found,
    artifact,
    fill,
    found,
    put_artifacts,
)

_ALL = [1, 2, 3, 4, 5]
_BIG = 2**63 - 1
OPERATORS: dict[str, list[int] | str] = {
    "A id = 1 OR id = 2 AND name = 'x'": [1],
    "A (id = 1 OR id = 2) AND name = 'a2'": [2],
    "A NOT id = 1 AND NOT (id = 2 OR id > 3)": [3],
    "A id <> 1 AND id != 2 AND id <= 4 AND id >= 4": [4],
    "A name <> 'a1'": [2, 3, 4],
    "A name > 'a1' AND name < 'b'": [2, 3],
    "A 'A' < 'a' AND 'a' != 'A' AND 'Z' < 'a'": _ALL,
    "A name BETWEEN 'Z' AND 'a2'": [1, 2],
    "A id NOT BETWEEN 2 AND 5": [1],
    "A name NOT IN ('a1', 'a2')": [3, 4],
    "A name NOT IN ('a1', NULL)": [],
    "A name IN ('a1', NULL)": [1],
    "A id IN (1.0, 1 + 1)": [1, 2],
    "A id BETWEEN NULL AND 3": [],
    "A name NOT LIKE 'a%'": [4],
    "A name LIKE '_2'": [2],
    "A (id = 1) IS TRUE": [1],
    "A (state = LIVE) IS NOT TRUE": [2, 3, 4, 5],
    "A (name = 'a1') IS FALSE": [2, 3, 4],
    "A (name = 'a1') IS NOT FALSE": [1, 5],
    "A (name = 'a1') IS NULL": [5],
    "A (NOT id = 1) IS NOT NULL": _ALL,
    "A (NOT name = 'a1') IS NULL": [5],
    "A (id NOT BETWEEN 1 AND 2) = true": [3, 4, 5],
    "A (id NOT IN (1)) = (NOT name = 'a1')": [1, 2, 3, 4],
    "A ((name = 'a1') IS NOT TRUE) = (id > 1)": _ALL,
    "A true AND (false OR id = 1)": [1],
    "A NULL OR id = 1": [1],
    "A (NULL AND id = 1) IS NULL": [1],
    "A true > false AND (id = 1) = true": [1],
    "A true IN (id = 1, false)": [1],
    "A (name = 'a1') < (id > 1)": [2, 3, 4],
    "A properties.b.bool_value OR id = 1": [],
    "A id = 0x2": [2],
    "A id = 2e0 OR id = .3E1": [2, 3],
    "A id = 1 -- that's it": [1],
    "A id = 1 # that's it": [1],
    "A id /* is */ = 1": [1],
}
ARITHMETIC: dict[str, list[int] | str] = {
    "A id + 1 = 2": [1],
    "A 10 - id - 1 = 7": [2],
    "A id * 2 + 1 = 5": [2],
    "A -id = -3 AND - -id = 3 AND +id = 3": [3],
    "A id / 2 = 0.5": [1],
    "A 1 / 3 > 0.3333333333 AND 1 / 3 < 0.3333333334": _ALL,
    "A 8 / id / 2 = 2": [2],
    "A id * 1.5 = 3": [2],
    "A id + 0.25 = 1.25": [1],
    "A ABS(id - 3) = 2": [1, 5],
    "A ABS(-1.5) = 1.5": _ALL,
    "A id % 2 = 1": REFUSED,
    "A id + name = 1": REFUSED,
    "A +name = 'a1'": REFUSED,
    "A -name = 'a1'": REFUSED,
    "A id + NULL = 1": REFUSED,
}
FUNCTIONS: dict[str, list[int] | str] = {
    "A LENGTH(name) = 3": [4],
    "A LENGTH('') = 0 AND LENGTH('a b') = 3 AND LENGTH('é東') = 2": _ALL,
    "A SUBSTR('é東京', 2, 1) = '東'": _ALL,
    "A UPPER(name) = 'A1'": [1],
    "A lower('A1') = name": [1],
    "A TRIM('  a1 ') = name": [1],
    "A LTRIM(' x ') = 'x ' AND RTRIM(' x ') = ' x'": _ALL,
    "A REPLACE(name, 'a', 'b') = 'b1'": [1],
    "A REPLACE(uri, 'nowhere', name) IS NULL": [5],
    "A SUBSTR(name, 2) = '1' OR SUBSTR(name, 1, 1) = 'u'": [1, 4],
    "A SUBSTR(name, 0) = 'a'": REFUSED,
    "A COALESCE(name, 'none') = 'none'": [5],
    "A COALESCE(NULL, name, uri) = 'u5'": [5],
    "A COALESCE(name) = 'a1'": [1],
    "A COALESCE(state, 0) = 0": [3, 4, 5],
    "A COALESCE(NULL, NULL) IS NULL": _ALL,
    "A COALESCE(id, 1.5) = 1": [1],
    "A IFNULL(name, 'none') = 'none'": [5],
    "A IFNULL(name, 'x', 'y') = 'x'": REFUSED,
    "A NULLIF(name, 'a1') IS NULL": [1, 5],
    "A LENGTH(NULL) IS NULL": _ALL,
    "A LENGTH(id) = 1": REFUSED,
    "A NOWHERE(id) = 1": REFUSED,
    "A CASE WHEN id = 1 THEN 'one' WHEN id = 2 THEN 'two' END = 'two'": [2],
    "A CASE WHEN id < 3 THEN 1 ELSE 2.5 END = 2.5": [3, 4, 5],
    "A CASE WHEN NULL THEN true ELSE id = 2 END": [2],
    "A (CASE WHEN id = 1 THEN NULL ELSE 3 END) IS NULL": [1],
    "A CASE name WHEN 'a1' THEN 1 WHEN 'a2' THEN 2 ELSE 3 END < 3": [1, 2],
    "A CASE id WHEN NULL THEN true ELSE false END": [],
    "A CASE WHEN id = 1 THEN 'a' ELSE 3 END = 3": REFUSED,
    "A CASE WHEN id THEN 1 ELSE 3 END = 3": REFUSED,
}
_CASTS: dict[str, list[int] | str] = {
    "A CAST(id AS STRING) = '1'": [1],
    "A name = CAST(id AS STRING) OR CAST(id AS STRING) LIKE '2'": [2],
    "A CAST('2' AS INT64) = id": [2],
    "A CAST(' -7 ' AS INT64) = -7 AND CAST('+7' AS FLOAT64) = 7": _ALL,
    "A CAST(id AS FLOAT64) / 2 = 0.5": [1],
    "A CAST('1.5e1' AS DOUBLE) = 15": _ALL,
    "A CAST(1.5 AS INT64) = 2 AND CAST(-1.5 AS INT64) = -2": _ALL,
    "A CAST(id * 0.75 AS INT64) = 2": [3],
    "A CAST(id - 1 AS BOOL)": [2, 3, 4, 5],
    "A CAST('True' AS BOOL)": _ALL,
    "A CAST(id = 1 AS INT64) = 1": [1],
    "A CAST(id = 1 AS STRING) = 'true' OR CAST(id = 2 AS STRING) != 'false'": [1, 2],
    "A CAST(name = 'a1' AS INT64) IS NULL": [5],
    "A CAST(NULL AS INT64) IS NULL": _ALL,
    "A CAST(NULL AS BOOL) OR id = 1": [1],
    "A CAST(1.5 AS BOOL)": REFUSED,
    "A CAST(id AS NOTHING) = 1": REFUSED,
}
_NOT_POSSIBLE: dict[str, list[int] | str] = {
    "A 1 / 0 = 1": [],
    "A id / 0 IS NULL": _ALL,
    "A id / (id - 1) = 2": [2],
    "A id / 0.0 > 1 OR id = 1": [1],
    f"A id + {_BIG} > {_BIG}": _ALL,
    f"A -{_BIG} - id - 1 < -{_BIG}": _ALL,
    f"A id * {_BIG} * {_BIG} > {_BIG}": _ALL,
    f"A ABS(-{_BIG + 1}) IS NULL AND -(id - id - {_BIG} - 1) > 0": _ALL,
    f"A id = {_BIG} OR id = {2**64 - 1}": [],
    f"A id < {_BIG + 1}": _ALL,
    f"A id < {2**64}": REFUSED,
    f"A id IN ({2**64 - 1})": REFUSED,
    f"A id = -{_BIG + 2}": REFUSED,
    "A CAST(name AS INT64) = 1": [],
    "A CAST('x' AS INT64) IS NULL AND CAST('' AS FLOAT64) IS NULL": _ALL,
    "A CAST('1\\n' AS INT64) IS NULL AND CAST('1x' AS FLOAT64) IS NULL": _ALL,
    "A CAST('99999999999999999999' AS INT64) = 1": [],
    f"A CAST(id * 1e300 AS INT64) = {_BIG}": [],
    "A CAST(name AS BOOL)": [],
    "A name LIKE 'a\\\\'": [],
    "A NOT name LIKE 'a1\\\\'": [1, 2, 3, 4],
    "A name LIKE CAST('a1\\\\' AS STRING)": [],
    "A name LIKE 'a\\\\1' AND name LIKE COALESCE('a\\\\1', name)": [1],
    "A id = 1e300 OR id < -1e300": [],
    "A name = 'a1\\000'": REFUSED,
    "A name = '\ud800'": REFUSED,
}


class FilterValueCases:
    """What the expressions of a filter come to."""

    def test_every_operator(self, store: Store) -> None:
        """With what NULL makes of it."""
        fill(store)
        assert all_found(store, OPERATORS) == OPERATORS

    def test_arithmetic(self, store: Store) -> None:
        """A quotient is a double; whole numbers stay whole."""
        fill(store)
        assert all_found(store, ARITHMETIC) == ARITHMETIC

    def test_functions_and_cases(self, store: Store) -> None:
        """Each of them, and each refusal."""
        fill(store)
        assert all_found(store, FUNCTIONS) == FUNCTIONS

    def test_casts(self, store: Store) -> None:
        """From each type to each other one that it can become."""
        fill(store)
        assert all_found(store, _CASTS) == _CASTS

    def test_what_cannot_be_computed_is_null_or_refused(self, store: Store) -> None:
        """Division by zero, what leaves 64 bits, texts that are no numbers, broken patterns."""
        fill(store)
        assert all_found(store, _NOT_POSSIBLE) == _NOT_POSSIBLE

    def test_whole_numbers_are_compared_to_the_last_digit(self, store: Store) -> None:
        """Beyond what a double holds."""
        fill(store)
        big = 2**53
        put_artifacts(store, artifact(properties={"i": big}), artifact(properties={"i": big + 1}))
        assert found(store, f"A properties.i.int_value = {big + 1}") == [7]
        assert found(store, f"A properties.i.int_value + 1 = {big + 1}") == [6]
        assert found(store, f"A CAST('{big + 1}' AS INT64) = properties.i.int_value") == [7]

    def test_a_list_of_thousands_of_values(self, store: Store) -> None:
        """More than some databases take as parameters of one statement by default."""
        fill(store)
        values = ", ".join(str(number) for number in range(3, 9000))
        assert found(store, f"A id IN ({values})") == [3, 4, 5]
        assert found(store, f"A id NOT IN ({values})") == [1, 2]

    def test_a_filter_as_deep_and_as_wide_as_may_be(self, store: Store) -> None:
        """Of every kind of nesting."""
        fill(store)
        deep = {
            f"A {'(' * 40}id = 1{')' * 40}": [1],
            f"A {'NOT ' * 40}id = 1": [1],
            f"A id = {'- ' * 20}id": _ALL,
            f"A id{' + 1' * 30} = 31": [1],
            f"A id{' / 2' * 10} = {2.0**-10}": [1],
            f"A {'(id = 9 OR id < 3 AND ' * 12}id = 1{')' * 12}": [1],
            f"A {'COALESCE(' * 15}name{', uri)' * 15} = 'u5'": [5],
            f"A {'CASE WHEN id = 1 THEN ' * 10}true{' END' * 10}": [1],
            f"A {'CASE WHEN ' * 10}id = 1{' THEN true ELSE false END' * 10}": [1],
            f"A {'CASE ' * 10}id{' WHEN 1 THEN 1 WHEN 2 THEN 2 ELSE 3 END' * 10} < 3": [1, 2],
            f"A {'CAST(' * 5}id{' AS INT64)' * 5} = 1": [1],
            f"A {'CAST(CAST(' * 2}id{' AS STRING) AS INT64)' * 2} = 1": [1],
            f"A {'ABS(' * 10}id{')' * 10} = 1": [1],
            f"A {'(' * 20}name = 'a1'{') IS TRUE' * 20}": [1],
            f"A {' AND '.join(['id = 1'] * 500)}": [1],
            f"A {' OR '.join(f'NOT id < {n}' for n in range(1, 500))}": _ALL,
            f"A {' AND '.join(f'contexts_{n}.id = 1' for n in range(15))}": [1, 2],
        }
        assert all_found(store, deep) == deep

    def test_a_filter_deeper_than_the_database_goes_is_refused(self, store: Store) -> None:
        """Or found, where the database goes that deep."""
        fill(store)
        deep = {
            f"A id / {'(1 / ' * 38}id{')' * 38} = 1": [1],
            f"A {'(id = 9 OR id < 3 AND ' * 40}id = 1{')' * 40}": [1],
            f"A {'CASE WHEN id = 1 THEN ' * 40}true{' END' * 40}": [1],
            f"A id{f' * {_BIG}' * 38} > 1": _ALL,
            "A id * 1e308 * 1e308 > 1": _ALL,
            "A id * 1e-308 * 1e-308 < 1": _ALL,
        }
        for query, ids in deep.items():
            assert found(store, query) in (ids, REFUSED), query
        assert found(store, "A id = 1") == [1]

    def test_a_filter_that_goes_too_far_is_refused(self, store: Store) -> None:
        """Before the database is asked; and the store goes on."""
        fill(store)
        over = {
            f"A {'(' * 10_000}id = 1{')' * 10_000}": REFUSED,
            f"A {'NOT ' * 10_000}id = 1": REFUSED,
            f"A id = {'- ' * 10_000}1": REFUSED,
            f"A {'CASE WHEN ' * 5_000}id = 1{' THEN true END' * 5_000}": REFUSED,
            f"A {' AND '.join(['id = 1'] * 10_000)}": REFUSED,
            f"A id IN ({', '.join(['1'] * 20_000)})": REFUSED,
            f"A {' AND '.join(f'contexts_{n}.id = 1' for n in range(100))}": REFUSED,
            f"A name = '{'x' * 10**6}'": REFUSED,
            f"A name LIKE '{'x' * 60_000}'": REFUSED,
        }
        assert all_found(store, over) == over
        assert found(store, "A id = 1") == [1]
