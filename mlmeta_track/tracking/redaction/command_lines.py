"""Command lines without secrets: ``--password X``, ``--token=X``, ``-p X`` of programs we know."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from mlmeta_track.tracking.redaction import texts
from mlmeta_track.tracking.redaction.rules import Rules
from mlmeta_track.tracking.redaction.words import MASK, says_nothing

# What each program calls a password in one letter.
_LETTERS = {
    "az": "-p",
    "curl": "",
    "docker": "-p",
    "helm": "-p",
    "htpasswd": "",
    "ldapsearch": "-w",
    "mariadb": "-p",
    "mongo": "-p",
    "mongosh": "-p",
    "mysql": "-p",
    "mysqldump": "-p",
    "podman": "-p",
    "redis-cli": "-a",
    "skopeo": "-p",
    "sqlcmd": "-P",
    "sshpass": "-p",
    "twine": "-p",
}
_JOINED = frozenset({"mariadb", "mysql", "mysqldump", "sqlcmd", "sshpass"})
_USERS = frozenset({"-u", "-U", "--user", "--username", "--login"})
_USER_AND_PASSWORD = re.compile(r"([^:/\s]{1,128}):(?!//)(.+)", re.DOTALL)


def clean_line(line: str, rules: Rules) -> str:
    """Return a command line, quoted as for a shell, without secrets."""
    try:
        arguments = shlex.split(line)
    except ValueError:
        return texts.clean(line, rules)  # It was cut within a quotation.
    cleaned = clean_arguments(arguments, rules)
    if cleaned == arguments:
        return texts.clean(line, rules)
    return " ".join(map(_quoted, cleaned))


def _quoted(argument: str) -> str:
    # For the mask alone, which stands there for a reader, no quotes are needed.
    plain = argument.replace(MASK, "")
    return argument if shlex.quote(plain or "x") in {plain, "x"} else shlex.quote(argument)


def clean_arguments(arguments: Sequence[str], rules: Rules) -> list[str]:
    """Return the arguments of a command without secrets."""
    letter, is_joined = _password_letter(arguments)
    cleaned: list[str] = []
    before = ""
    for argument in arguments:
        if _is_password(before, argument, letter, rules):
            cleaned.append(MASK)
        elif before in _USERS and _USER_AND_PASSWORD.fullmatch(argument):
            cleaned.append(_USER_AND_PASSWORD.sub(rf"\1:{MASK}", argument))
        elif is_joined and letter and argument.startswith(letter) and len(argument) > len(letter):
            cleaned.append(f"{letter}{MASK}")
        else:
            cleaned.append(_clean_one(argument, rules))
        before = argument
    return cleaned


def _password_letter(arguments: Sequence[str]) -> tuple[str, bool]:
    """Return how a password is given in one letter, and whether it may be joined with it."""
    for argument in arguments:
        program = argument.rpartition("/")[2].removesuffix(".exe")
        if program in _LETTERS:
            return _LETTERS[program], program in _JOINED
    return ("-p", False) if not _USERS.isdisjoint(arguments) else ("", False)


def _is_password(flag: str, value: str, letter: str, rules: Rules) -> bool:
    if not flag.startswith("-") or "=" in flag or value.startswith("--"):
        return False
    if letter and flag == letter:
        return not value.isdigit()  # which is a port
    return rules.is_secret_name(flag) and not says_nothing(value, flag)


def _clean_one(argument: str, rules: Rules) -> str:
    name, equals, value = argument.partition("=")
    if equals and rules.is_secret_name(name) and value and not says_nothing(value, name):
        return f"{name}={MASK}"
    return texts.clean(argument, rules)
