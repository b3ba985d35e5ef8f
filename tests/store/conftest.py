"""What the tests of the store share."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("mlmeta_track.testing")
