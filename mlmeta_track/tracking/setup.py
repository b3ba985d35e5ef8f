"""``init``: what governs recording in this process, said in code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmeta_track.tracking import instrument, recorder, settings
from mlmeta_track.tracking.leases import ends

if TYPE_CHECKING:
    from collections.abc import Sequence


def init(  # noqa: PLR0913 - one argument a setting
    store: str | None = None,
    *,
    experiment: str | None = None,
    strict: bool | None = None,
    disabled: bool | None = None,
    autotrack: Sequence[str] | None = None,
    capture: str | None = None,
    payloads: str | None = None,
    code: str | None = None,
    redact: bool | str | Sequence[str] | None = None,
    write: str | None = None,
    export: Sequence[str] | None = None,
    spool_dir: str | None = None,
) -> None:
    """Set up recording; optional, for without it the settings around the process hold.

    What is not given here is taken from the environment (``MLMETA_TRACK_STORE`` and so on), from
    ``[tool.mlmeta_track]`` in the nearest pyproject.toml upwards, or from the defaults.

    Args:
        store: The store's URL: ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or
            ``sqlite://`` (in memory).  It is opened, and created if it does not exist.
        experiment: The experiment that runs belong to.
        strict: Raise a ``MlmetaTrackError`` where otherwise a record is lost with a warning.
        disabled: Record nothing.
        autotrack: Integrations to switch on, as ``autotrack`` does; ``["all"]`` means every one.
        capture: ``"payload"`` writes what steps make in memory into files, so that ``load`` gives
            it back; ``"facts"`` records what is known of it, and no more.
        payloads: The folder or URL for these files; ``mlmeta_payloads`` beside the store's file if
            not given.
        code: ``"diff"`` keeps with each run how its git work tree differs from the commit, and the
            names of the files that git does not track; ``"commit"`` the commit, the branch and
            whether anything differs.
        redact: False records secrets as they are; names, ``!names`` and ``/forms/`` are rules
            beside those of the package.
        write: ``"direct"`` writes a record when it is made; ``"background"`` has a thread write it,
            for steps that are many and short; ``"journal"`` writes it to a local file first, and
            has a thread bring it to the store.
        spool_dir: The folder in which records wait for a store that cannot be reached.
        export: Where steps are told besides the store, as they begin and end: ``["openlineage"]``.

    Raises:
        SettingsError: A setting cannot be used; the message says which and where it stands.
        FailedPreconditionError: The store is no store of MLMD, or has another schema version.
        TypeConflictError: An artifact class declares a property with another type than the store.
    """
    given = {
        "store": store,
        "experiment": experiment,
        "strict": strict,
        "disabled": disabled,
        "autotrack": autotrack,
        "capture": capture,
        "payloads": payloads,
        "code": code,
        "redact": redact,
        "export": export,
        "write": write,
        "spool_dir": spool_dir,
    }
    writer = recorder.Recorder(settings.resolve(given), is_set_up=True)
    if not writer.settings.disabled:
        writer.payloads.check()
        writer.open()
    recorder.install(writer)
    if not writer.settings.disabled:
        writer.sweep_this_host()
        with writer.guard("watch over the steps of this process"):
            ends.watch()
        instrument.autotrack_named(writer.settings.autotrack)
