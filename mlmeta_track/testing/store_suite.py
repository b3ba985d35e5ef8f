"""What every store must do, as tests: subclass ``StoreSuite`` and give it a store."""

from __future__ import annotations

import pytest

from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.calls_execution import CallsExecutionCases
from mlmeta_track.testing.store_cases.calls_links import CallsLinkCases
from mlmeta_track.testing.store_cases.calls_nodes import CallsNodeCases
from mlmeta_track.testing.store_cases.calls_subgraph import CallsSubgraphCases
from mlmeta_track.testing.store_cases.calls_types import CallsTypeCases
from mlmeta_track.testing.store_cases.calls_updates import CallsUpdateCases
from mlmeta_track.testing.store_cases.concurrency import ConcurrencyCases
from mlmeta_track.testing.store_cases.executions import ExecutionCases
from mlmeta_track.testing.store_cases.filters import FilterCases
from mlmeta_track.testing.store_cases.filters_outer import OuterFilterCases
from mlmeta_track.testing.store_cases.filters_values import FilterValueCases
from mlmeta_track.testing.store_cases.lineage import LineageCases
from mlmeta_track.testing.store_cases.reading import ReadingCases
from mlmeta_track.testing.store_cases.resolving import ResolvingCases
from mlmeta_track.testing.store_cases.retention import RetentionCases
from mlmeta_track.testing.store_cases.types import TypeCases
from mlmeta_track.testing.store_cases.values import ValueCases


class StoreSuite(
    TypeCases,
    ExecutionCases,
    ResolvingCases,
    ValueCases,
    ReadingCases,
    LineageCases,
    CallsTypeCases,
    CallsNodeCases,
    CallsUpdateCases,
    CallsLinkCases,
    CallsExecutionCases,
    CallsSubgraphCases,
    FilterCases,
    FilterValueCases,
    OuterFilterCases,
    ConcurrencyCases,
    RetentionCases,
):
    """The promise of ``mlmeta_track.store.base.Store``, one behaviour a test.

    A store proves itself with a test class of this form::

        class TestMyStore(StoreSuite):
            @pytest.fixture
            def store(self) -> Iterator[Store]:
                store = MyStore(...)  # fresh and empty
                yield store
                store.close()

            @pytest.fixture
            def second_store(self, store: Store) -> Store:
                return MyStore(...)  # another handle on the same database

    ``second_store`` may be left out where there can be only one handle; the tests that need it are
    skipped then.  The kit needs pytest, and nothing else.  To see the values that an assertion
    compared, put ``pytest.register_assert_rewrite("mlmeta_track.testing")`` into ``conftest.py``.
    """

    @pytest.fixture
    def store(self) -> Store:
        """Return the store under test, fresh and empty."""
        message = "A subclass of StoreSuite defines the fixture `store`."
        raise NotImplementedError(message)

    @pytest.fixture
    def second_store(self) -> Store:
        """Return another handle on the database of ``store``."""
        pytest.skip("this store has only one handle on its database")
