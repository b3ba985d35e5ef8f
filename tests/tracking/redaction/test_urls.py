from __future__ import annotations

import pytest

from mlmeta_track.tracking.redaction.urls import public_url

AMAZON = (
    "https://b.s3.amazonaws.com/k.csv?versionId=3&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=x&X-Amz-Date={0}&X-Amz-Expires=9&X-Amz-Security-Token={0}"
    "&X-Amz-SignedHeaders=host&X-Amz-Signature={0}"
)
GOOGLE = "https://storage.googleapis.com/b/k?X-Goog-Date={0}&X-Goog-Signature={0}"
AZURE = "https://a.blob.core.windows.net/c/k?sv=2022&st={0}&se={0}&sr=b&sp=r&sig={0}%3D"
CLOUDFRONT = "https://d1.cloudfront.net/k?Expires={0}&Signature={0}&Key-Pair-Id=K1"


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("postgresql://me:pw@h:5432/db", "postgresql://me:***@h:5432/db"),
        ("postgresql://me:p@w@h/db?sslmode=require", "postgresql://me:***@h/db?sslmode=require"),
        ("mysql+pymysql://me:p/w@h/db", "mysql+pymysql://me:***@h/db"),
        ("redis://:pw@h:6379/0", "redis://:***@h:6379/0"),
        ("redis://:12345678@h:6379/0", "redis://:***@h:6379/0"),
        ("https://me:pw@h/x", "https://***@h/x"),
        ("https://token@h/x", "https://***@h/x"),
        ("jdbc:oracle:thin:scott/tiger@//h:1521/x", "jdbc:oracle:thin:scott/***@//h:1521/x"),
        (
            "jdbc:sqlserver://h;user=sa;password=pw;x=1",
            "jdbc:sqlserver://h;user=sa;password=***;x=1",
        ),
        ("https://h/x?token=abc&n=2", "https://h/x?token=***&n=2"),
        ("https://h/x#access_token=abc&n=2", "https://h/x#access_token=***&n=2"),
        ("https://h/x?%74oken=abc", "https://h/x?%74oken=***"),
        ("https://h/x?n=2#key=abc", "https://h/x?n=2#key=***"),
        (AMAZON, "https://b.s3.amazonaws.com/k.csv?versionId=3&***"),
        (GOOGLE, "https://storage.googleapis.com/b/k?***"),
        (AZURE, "https://a.blob.core.windows.net/c/k?***"),
        (CLOUDFRONT, "https://d1.cloudfront.net/k?***"),
    ],
)
def test_what_gives_access_is_masked(url: str, public: str) -> None:
    assert public_url(url) == public
    assert public_url(public) == public
    assert public_url(f"GET '{url}' failed, {url}") == f"GET '{public}' failed, {public}"


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/key=1/token=2/part.parquet",
        "abfss://container@account.dfs.core.windows.net/x",
        "ssh://git@host/x.git",
        "http://host:8080/v1@2",
        "http://[::1]:8080/x@y",
        "http://host/x?page=3&sort=key&key=7",
        "sqlite:////data/me@home/x.db",
        "https://me.example/x?se=1&sp=2",
        "postgresql://me:***@h/db",
    ],
)
def test_what_gives_no_access_is_kept(url: str) -> None:
    assert public_url(url) == url


@pytest.mark.parametrize("form", [AMAZON, GOOGLE, AZURE, CLOUDFRONT])
def test_a_file_that_is_signed_anew_has_the_same_url(form: str) -> None:
    assert public_url(form.format("20240101aaa")) == public_url(form.format("20250202bbb"))
