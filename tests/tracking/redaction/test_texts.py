from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmeta_track.tracking.redaction.rules import Rules, parse
from mlmeta_track.tracking.redaction.texts import clean, clean_uri

RULES = Rules()


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("password=hunter2", "password=***"),
        ("connect(password='hunter2', user='x')", "connect(password='***', user='x')"),
        ("{'password': 'hunter2'}", "{'password': '***'}"),
        (r'"db_password": "hun\"ter2", "a": 1', '"db_password": "***", "a": 1'),
        (r"{\"password\": \"hunter2\"}", r"{\"password\": \"***\"}"),
        ("password='hunter2 and it was cut", "password='***"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("Authorization: AWS4-HMAC-SHA256 Credential=a, Signature=b\nx", "Authorization: ***\nx"),
        ("{'Authorization': 'Basic abc', 'x': 1}", "{'Authorization': '***', 'x': 1}"),
        ("sent Bearer abc.def.ghi123 there", "sent Bearer *** there"),
        ("sent Basic Ym9iOmh1bnRlcjI= there", "sent Basic *** there"),
        ("['psql', '--password', 'hunter2', '-h']", "['psql', '--password', '***', '-h']"),
        ("psql --password hunter2 -h x", "psql --password *** -h x"),
        ("UID=sa;PWD={a;b};x=1", "UID=sa;PWD={***};x=1"),
        ("Password=a;Database=b", "Password=***;Database=b"),
        ("AccountKey=abc==;Suffix=x", "AccountKey=***;Suffix=x"),
        ("<password>hunter2</password>", "<password>***</password>"),
        ("[('X-Api-Key', 'abc')]", "[('X-Api-Key', '***')]"),
        ('+DB_PASSWORD = "hunter2"\n-x=1', '+DB_PASSWORD = "***"\n-x=1'),
        ('os.environ["TOKEN"] = "abc"', 'os.environ["TOKEN"] = "***"'),
        ("invalid password 'hunter2' for me", "invalid password '***' for me"),
        ("tokenizer=bert, api_key=abc", "tokenizer=bert, api_key=***"),
        ("signature=9f8e7d6c5b4a39281706f5e4d3c2b1a0", "signature=***"),
        ("at https://me:pw@h/x", "at https://***@h/x"),
    ],
)
def test_secrets_are_masked(text: str, cleaned: str) -> None:
    assert clean(text, RULES) == cleaned
    assert clean(cleaned, RULES) == cleaned
    assert clean(f"{text}\nand more", RULES) == f"{cleaned}\nand more"


@pytest.mark.parametrize(
    "text",
    [
        "use_cls_token=True, max_tokens=512, tokenizer='bert'",
        "password_column='pwd'",
        "key='user_id'",
        "def connect(password: str, token: str = None) -> None:",
        "use_auth_token=True",
        "signature='serving_default'",
        "a password, or a token",
        "Basic statistics of 12 columns",
        "Bearer authentication failed",
        "columns=['user', 'password', 'email']",
        "/data/token=1/key=2/x.csv",
        "PWD=/srv/me",
    ],
)
def test_what_only_looks_like_a_secret_is_kept(text: str) -> None:
    assert clean(text, RULES) == text


def test_partitions_of_a_uri_are_kept() -> None:
    uri = "s3://bucket/api_key=abc/token=def/x.parquet"
    assert clean_uri(uri, RULES) == uri


def test_switched_off_everything_is_kept() -> None:
    text = "password=hunter2 at https://me:pw@h/x"
    assert clean(text, Rules(is_on=False)) == clean_uri(text, Rules(is_on=False)) == text


def test_names_of_the_users_are_secrets_too() -> None:
    rules = parse(["patient_id"])
    assert clean("patientId='p-17', patient='x'", rules) == "patientId='***', patient='x'"


def test_names_of_the_users_may_be_no_secrets() -> None:
    rules = parse(["!session_token"])
    assert clean("session_token=abc token=def", rules) == "session_token=abc token=***"


def test_forms_of_the_users_are_secrets_too() -> None:
    rules = parse(["/ACME-[0-9]{4}/"])
    assert clean("it is ACME-1234", rules) == "it is ***"
    assert clean_uri("/data/ACME-1234.csv", rules) == "/data/***.csv"


PIECES = ["key", "=", ":", "'", '"', "\\", " ", "://", "@", "token", "&", ";", "-", "password"]
PIECES += ["\n", "?", "#", "/", "{", "}", "***", "Bearer ", "eyJ", "AKIA", "sig=", "<", ">", "a1"]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=200))
def test_cleaning_again_changes_nothing(text: str) -> None:
    cleaned = clean(text, RULES)
    assert clean(cleaned, RULES) == cleaned


@given(st.text(alphabet="abcXYZ0123456789-_.", min_size=8), st.sampled_from(["'", '"']))
def test_what_a_quoted_password_is_does_not_matter(secret: str, quote: str) -> None:
    cleaned = clean(f"x=1, password={quote}{secret}{quote}, y=2", RULES)
    assert cleaned == f"x=1, password={quote}***{quote}, y=2" or set(secret) <= {"X", "."}


SLOW = {
    "hints": "token" * 200_000,
    "letters": "a" * 1_000_000,
    "assignments": "key=" * 250_000,
    "quotes": "key='\"" * 150_000,
    "escapes": "key=" + "\\" * 1_000_000,
    "authorities": "://a:b" * 160_000,
    "colons": "://" + "a:" * 500_000,
    "queries": "http://x?" + "a=b&" * 250_000,
    "flags": "--token " * 125_000,
    "spaces": ("key" + " " * 40) * 23_000,
    "tokens": "eyJ" * 330_000,
    "keys": "-----BEGIN PRIVATE KEY-----" * 37_000,
    "ends": "-----END PRIVATE KEY-----" * 40_000,
    "amazon": "AKIA" + "Q" * 16 + " " + "a" * 1_000_000,
    "dots": "Q~" + "a." * 500_000,
    "mix": "".join(random.Random(7).choices(PIECES, k=400_000)),  # noqa: S311 - no secret
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_a_megabyte_takes_no_longer_than_its_length(text: str) -> None:
    started = time.process_time()
    clean(text, RULES)
    assert time.process_time() - started < 10
