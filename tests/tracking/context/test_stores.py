from __future__ import annotations

from pathlib import Path

import pytest

from mlmeta_track.tracking.context.stores import public_store


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("postgresql://ana:s3cret@db:5432/ml", "postgresql://ana@db:5432/ml"),
        ("postgresql+psycopg://ana:p@ss@db/ml", "postgresql+psycopg://ana@db/ml"),
        ("mysql://db/ml?password=s3cret&charset=utf8mb4", "mysql://db/ml?charset=utf8mb4"),
        ("postgresql://db/ml?sslpassword=s3cret", "postgresql://db/ml"),
        ("grpc://host:8080", "grpc://host:8080"),
        ("sqlite:////data/ml.db?timeout=60", "sqlite:////data/ml.db?timeout=60"),
    ],
)
def test_the_url_for_others_has_no_password(url: str, public: str) -> None:
    assert public_store(url) == public


def test_a_relative_path_is_made_absolute(tmp_path: Path) -> None:
    assert public_store("sqlite:///runs/ml.db") == f"sqlite:///{tmp_path / 'runs' / 'ml.db'}"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_store_in_memory_is_not_for_others(url: str) -> None:
    assert public_store(url) is None
