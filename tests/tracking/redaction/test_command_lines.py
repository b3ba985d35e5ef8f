from __future__ import annotations

import pytest

from mlmeta_track.tracking.redaction.command_lines import clean_arguments, clean_line
from mlmeta_track.tracking.redaction.rules import Rules

RULES = Rules()


@pytest.mark.parametrize(
    ("line", "cleaned"),
    [
        ("python t.py --password hunter2 -v", "python t.py --password *** -v"),
        ("python t.py --token=abc --max-tokens 512", "python t.py --token=*** --max-tokens 512"),
        ("python t.py db.password=abc", "python t.py db.password=***"),
        ("python t.py '--api-key=a b'", "python t.py --api-key=***"),
        ("python t.py --db postgresql://me:pw@h/x", "python t.py --db postgresql://me:***@h/x"),
        ("mysql -u root -phunter2 db", "mysql -u root -p*** db"),
        ("sshpass -p hunter2 ssh x", "sshpass -p *** ssh x"),
        ("/usr/bin/redis-cli -a hunter2", "/usr/bin/redis-cli -a ***"),
        ("docker login -u x -p hunter2", "docker login -u x -p ***"),
        ("python t.py -u me -p hunter2", "python t.py -u me -p ***"),
        ("curl -u me:pw http://x", "curl -u me:*** http://x"),
        ("curl -H 'Authorization: Bearer abc.def'", "curl -H 'Authorization: ***'"),
        ("python t.py --password 'hunter2 was cut", "python t.py --password '***"),
    ],
)
def test_secrets_are_masked(line: str, cleaned: str) -> None:
    assert clean_line(line, RULES) == cleaned
    assert clean_line(cleaned, RULES) == cleaned


@pytest.mark.parametrize(
    "line",
    [
        "python t.py -p 8080 --tokenizer bert --use-cls-token --key id",
        "python t.py -p x",
        "ssh -p 22 me@host",
        "psql -U me -p 5432",
        "python t.py --password --verbose",
        "python 't x.py' --password-column 'a b'",
    ],
)
def test_what_is_no_secret_is_kept_as_it_was_written(line: str) -> None:
    assert clean_line(line, RULES) == line


def test_there_are_as_many_arguments_as_before() -> None:
    arguments = ["t.py", "--password", "a b", "--token=c", "x"]
    assert clean_arguments(arguments, RULES) == ["t.py", "--password", "***", "--token=***", "x"]
