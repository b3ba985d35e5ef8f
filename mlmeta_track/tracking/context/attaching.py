"""Context by hand: a token of the code that is running now, and a block that belongs to one."""

from __future__ import annotations

from types import TracebackType

from mlmeta_track.tracking import active, recorder, settings, surroundings
from mlmeta_track.tracking.context.stores import public_store
from mlmeta_track.tracking.recorder import Recorder
from mlmeta_track.tracking.runs import Contexts, Experiment, Run, parent_here
from mlmeta_track.tracking.tokens import Token, decode, encode


def context_token() -> str:
    """Return what the code that is running now belongs to, as text for another process.

    There, ``with mt.attach(token):`` or the environment variable ``MLMETA_TRACK_CONTEXT`` has steps
    belong to the same run and experiment, as children of the step that is active here.  Where no
    run was started, it is that of this process.  The token names the store, never a password.
    """
    return encode(token_here(recorder.current()))


def token_here(writer: Recorder) -> Token:
    """Return what the code that is running now belongs to; of nothing if recording is disabled."""
    if writer.settings.disabled:
        return Token()
    step = active.step.get()
    contexts = Contexts.here(writer) if step is None else step.contexts
    if not contexts.are_stored:
        # Who is given the token knows the run by its name only.
        task = "record the run that a context token names"
        if writer.put(contexts.batch(), task):
            contexts.landed()
    return Token(
        run=contexts.name_of(Run),
        experiment=contexts.name_of(Experiment),
        parent=parent_here(writer),
        store=public_store(writer.settings.store),
    )


class Attach:
    """Have the steps in a block belong to what a token names: ``with mt.attach(token): ...``.

    The token is what ``mt.context_token()`` has returned, in this or another process.  The store is
    the one that this process has a setting for; where it has none, the token's.

    Args:
        token: The token.

    Raises:
        InvalidArgumentError: It is none, or is damaged.
        SettingsError: There is no store for the URL in it.
    """

    def __init__(self, token: str) -> None:
        """Read the token; nothing happens before the block is entered."""
        self._token = decode(token)
        self._scope: active.Scope | None = None

    def __enter__(self) -> None:
        """Let what follows belong to it."""
        recorder.current()  # What an engine has brought comes around this.
        if self._scope is None:
            writer = _recorder_for(self._token)
            surroundings.tell_of_store(self._token, writer)
            self._scope = belonging(self._token, writer)
        self._scope.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let what follows belong to what it belonged to before."""
        if self._scope is not None:
            self._scope.__exit__(kind, error, traceback)


def belonging(token: Token, writer: Recorder | None) -> active.Scope:
    """Return a ``with`` block whose steps belong to what a token names.

    Args:
        token: The token.
        writer: Where they are recorded; None is where the process records.
    """
    named = token.experiment
    return active.Scope(
        (active.step, None),
        (active.run, None if token.run is None else Run.of_another_process(token.run)),
        (active.experiment, None if named is None else Experiment.of_another_process(named)),
        (active.parent, token.parent or ""),
        (active.recorder, writer),
    )


def leave() -> None:
    """Let what follows belong to nothing, as in a process that was not told."""
    for variable in (active.step, active.run, active.experiment, active.parent, active.recorder):
        variable.set(None)


def _recorder_for(token: Token) -> Recorder:
    """Return the recorder of this process, or one for the token's store if it has no setting."""
    if recorder.is_set_up():
        return recorder.of_process()
    return recorder.for_settings(settings.resolve({}, store=token.store))
