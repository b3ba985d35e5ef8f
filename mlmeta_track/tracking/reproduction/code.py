"""The version of the code that runs, as git knows it: commit, branch, and what is changed in it."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import Final

from mlmeta_track.domain.nodes import PropertyValue
from mlmeta_track.tracking.artifacts import storable
from mlmeta_track.tracking.capture import BEYOND_CUT
from mlmeta_track.tracking.redaction.rules import in_force
from mlmeta_track.tracking.redaction.texts import clean
from mlmeta_track.tracking.reproduction.process import arguments, listed, working_directory

GIT_SECONDS: Final = 5.0
"""How long git may take for an answer; what it does not tell by then is not recorded."""

LONGEST_DIFF: Final = 60_000
"""How much (bytes) of the difference between the work tree and the commit is kept."""

_GRACE_SECONDS = 0.5
_MOST_BYTES = 4 * 2**20  # of a list of files
_MOST_STATUS = 64 * 2**10  # one changed file is enough to know
_BRANCH = "# branch.head "
_UNTRACKED = "? "


def code_facts(*, with_diff: bool) -> dict[str, PropertyValue]:
    """Ask git for the version of the script's repository.

    Args:
        with_diff: Whether to return the difference between the work tree and the commit, and the
            files that git does not track.

    Returns:
        Custom properties; none if the script lies in no repository, or there is no git.
    """
    folder = _script_folder()
    if folder is None:
        return {}
    status = _Question(folder, _MOST_STATUS, *_STATUS, "--untracked-files=no")
    commit = _Question(folder, _MOST_STATUS, "rev-parse", "HEAD")
    changes = _Changes(folder) if with_diff else None
    found = {
        "mlmeta_git_commit": (commit.answer() or "").strip() or None,
        **_read(status.answer()),
        **({} if changes is None else changes.facts()),
    }
    return {name: value for name, value in found.items() if value is not None}


_STATUS = ("status", "--porcelain=v2", "--branch", "-z")
_DIFF = ("diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv")


class _Question:
    """A question to git, which answers while others are asked."""

    def __init__(self, folder: Path, most: int, *command: str) -> None:
        # Without optional locks, so that asking never gets in the way of the user's own git.
        self._command = ["git", "--no-optional-locks", "-C", str(folder), *command]
        self._most = most
        self._answer: bytes | None = None
        self._thread = threading.Thread(target=self._ask, name="mlmeta-track-git", daemon=True)
        self._thread.start()

    def answer(self) -> str | None:
        """Return the answer, as far as it was wanted; None if there is none."""
        # A program that git has started may outlive it, and hold the pipe.
        self._thread.join(GIT_SECONDS + _GRACE_SECONDS)
        return None if self._answer is None else self._answer.decode(errors="replace")

    @property
    def is_cut(self) -> bool:
        """Whether there was more of the answer than was wanted."""
        return self._answer is not None and len(self._answer) > self._most

    def _ask(self) -> None:
        try:
            self._answer = self._run()
        except (OSError, ValueError):
            return  # There is no git, or the folder is none that can be named to it.

    def _run(self) -> bytes | None:
        with subprocess.Popen(  # noqa: S603 - fixed arguments, no shell
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            impatience = threading.Timer(GIT_SECONDS, process.kill)
            impatience.daemon = True
            impatience.start()
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            answer = process.stdout.read(self._most + 1)
            is_cut = len(answer) > self._most
            if is_cut:
                process.kill()
            status = process.wait()
            impatience.cancel()
        return answer if is_cut or status == 0 else None


class _Changes:
    """The difference between the work tree and the commit, and the files that git does not track.

    Asked for beside the rest: it may take longer, and the rest is not to wait for it.
    """

    def __init__(self, folder: Path) -> None:
        self._diff = _Question(folder, LONGEST_DIFF + BEYOND_CUT, *_DIFF)
        self._files = _Question(folder, _MOST_BYTES, *_STATUS, "--untracked-files=all")

    def facts(self) -> dict[str, PropertyValue | None]:
        diff, files = self._clean_diff(), self._files.answer()
        lines = [] if files is None else files.split("\0")
        untracked = [line.removeprefix(_UNTRACKED) for line in lines if line.startswith(_UNTRACKED)]
        return {
            "mlmeta_git_diff": None if diff is None else diff[:LONGEST_DIFF],
            "mlmeta_git_diff_is_cut": (diff is not None and len(diff) > LONGEST_DIFF)
            or self._diff.is_cut
            or None,
            **({} if files is None else listed("mlmeta_git_untracked", untracked)),
        }

    def _clean_diff(self) -> str | None:
        """Return the difference without secrets, and without the half of one at its end."""
        diff = self._diff.answer()
        if diff is None:
            return None
        cleaned = clean(storable(diff), in_force())
        return cleaned[: -BEYOND_CUT // 2] if self._diff.is_cut else cleaned


def _read(status: str | None) -> dict[str, PropertyValue | None]:
    """Read the branch, and whether anything is changed, out of what ``git status`` says."""
    if status is None:
        return {}
    entries = [entry for entry in status.split("\0") if entry]
    heads = [entry for entry in entries if entry.startswith(_BRANCH)]
    branch = heads[0].removeprefix(_BRANCH) if heads else None
    return {
        # A checked out commit is on no branch, and git says its own HEAD to that.
        "mlmeta_git_branch": "HEAD" if branch == "(detached)" else branch,
        "mlmeta_git_dirty": any(not entry.startswith("# ") for entry in entries),
    }


def _script_folder() -> Path | None:
    try:
        script = Path(arguments()[0]).resolve() if arguments() and arguments()[0] else None
        if script is not None and script.is_file():
            return script.parent
    except (OSError, ValueError):
        pass  # Whatever stands there, it is no path.
    folder = working_directory()
    return None if folder is None else Path(folder)
