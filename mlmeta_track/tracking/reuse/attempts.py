"""One call of a step that may be cached: reused, or run and kept for the next time."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlmeta_track.domain.batch import ArtifactPut
from mlmeta_track.domain.events import EventPath
from mlmeta_track.domain.nodes import PropertyValue
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.tracking import capture
from mlmeta_track.tracking.fingerprints import to_uri
from mlmeta_track.tracking.redaction.values import clean_value
from mlmeta_track.tracking.reuse import earlier
from mlmeta_track.tracking.reuse.contents import content_at
from mlmeta_track.tracking.reuse.earlier import KEY, RESULT, Earlier
from mlmeta_track.tracking.reuse.key import Key, key_of
from mlmeta_track.tracking.reuse.results import Describing
from mlmeta_track.tracking.reuse.touched import Touched
from mlmeta_track.tracking.reuse.unknown import UnknownContentError

if TYPE_CHECKING:
    from mlmeta_track.tracking.artifacts import Input
    from mlmeta_track.tracking.recorder import Recorder
    from mlmeta_track.tracking.steps import Step

CACHE = "mlmeta_cache"
"""The custom property that tells of a cached step: ``kept``, ``reused`` or why neither."""
SOURCE = "mlmeta_cached_from"
"""The custom property for the external id of the execution that was reused."""

LONGEST_RESULT = 60_000
"""What a call returned and its files are kept up to so many characters of JSON."""

_METRICS = "mlmeta_metrics"

_logger = logging.getLogger("mlmeta_track")


class Cache:
    """The calls of one decorated function."""

    def __init__(self, step: str, label: str) -> None:
        """Cache a function's calls under its step's name; the label is for messages."""
        self.step = step
        self._label = label
        self._said: set[str] = set()

    def say(self, message: str, why: str) -> None:
        """Say in the log why a call was not cached, or not reused: once a function each."""
        level = logging.DEBUG if message in self._said else logging.INFO
        self._said.add(message)
        _logger.log(level, "%s (step %r) %s: %s.", self._label, self.step, message, why)


class Attempt:
    """One call: its key before it runs, and again afterwards."""

    def __init__(
        self,
        cache: Cache,
        writer: Recorder,
        function: Any,
        arguments: Mapping[str, Any],
        markers: Mapping[str, Input],
    ) -> None:
        """Prepare; nothing is looked at before ``find``.

        Args:
            cache: That of the function.
            writer: Where it is recorded.
            function: The function; bound, if it is a method.
            arguments: What it is called with, by name.
            markers: What is declared of it.
        """
        self._cache = cache
        self._writer = writer
        self._compute: Callable[[], Key] = lambda: key_of(
            cache.step, function, arguments, markers, writer.rules
        )
        self._key: Key | None = None
        self._reason = ""
        self._touched: Touched | None = None

    def find(self) -> Earlier | None:
        """Return the execution to reuse, or None if the function is to run."""
        try:
            self._key = self._compute()
        except UnknownContentError as error:
            self._reason = str(error)
            self._cache.say("is not cached", self._reason)
            return None
        try:
            return earlier.find(self._writer, self._cache.step, self._key)
        except UnknownContentError as error:
            self._cache.say("runs again", str(error))
            return None

    def reuse(self, step: Step, found: Earlier) -> None:
        """Record a step as CACHED, with the outputs of the execution that is reused."""
        self._note_files(step, found)
        facts: dict[str, PropertyValue] = {
            CACHE: "reused",
            SOURCE: str(found.execution.external_id),
        }
        step.add_facts({**_logged(found), **facts})
        made = [(_put(artifact), event.path, event.type) for artifact, event in found.outputs]
        step.repeat(made)

    def start(self, step: Step) -> None:
        """Watch a step that is about to run; its arguments are recorded already."""
        if self._reason:
            step.add_facts({CACHE: f"not cached: {self._reason}"})
        else:
            self._note_files(step, None)
            self._touched = step.touched = Touched(step.touched)

    def keep(self, step: Step, result: object) -> None:
        """Keep what a step that has run returned, so that the next call of this kind need not."""
        if self._key is None or self._touched is None:
            return
        try:
            kept = self._kept(step, result, self._touched, self._key)
            step.add_facts({**kept, CACHE: "kept"})
        except UnknownContentError as error:
            self._cache.say("is not cached", str(error))
            step.add_facts({CACHE: f"not cached: {error}"})

    def _kept(
        self, step: Step, result: object, touched: Touched, key: Key
    ) -> dict[str, PropertyValue]:
        step.keep_promises()
        describing = Describing(lambda place, value: self._is_kept(step, place, value))
        described = describing.describe(result)
        files = _files(touched, key, self._compute())
        files["written"] |= describing.files
        text = json.dumps({"result": described, **files})
        if len(text) > LONGEST_RESULT:
            message = f"its result takes more than {LONGEST_RESULT} characters"
            raise UnknownContentError(message)
        if clean_value(RESULT, text, self._writer.rules) != text:
            message = "its result looks like a secret"
            raise UnknownContentError(message)
        return {KEY: key.text, RESULT: text}

    def _is_kept(self, step: Step, place: EventPath, value: object) -> bool:
        """Tell whether a value that was returned is an artifact with a payload."""
        put = step.made_at(place)
        if put is None or put.uri is None or not self._writer.payloads.holds(put.uri):
            return False
        description = capture.describe(value)
        return description is not None and put.fingerprint == description.fingerprint

    def _note_files(self, step: Step, found: Earlier | None) -> None:
        """Tell the steps around it which files it depends on, or has made."""
        if step.touched is None or self._key is None:
            return
        for place in (*self._key.given, *self._key.named, *(() if found is None else found.read)):
            step.touched.note(place, None, is_input=True)
        for place in () if found is None else found.written:
            step.touched.note(place, None, is_input=False)


def _logged(found: Earlier) -> dict[str, PropertyValue]:
    """Return what the function has logged of itself: parameters and metrics."""
    facts = found.execution.custom_properties
    return {n: v for n, v in facts.items() if n == _METRICS or not n.startswith("mlmeta_")}


def _put(artifact: Any) -> ArtifactPut:
    return ArtifactPut(
        external_id=artifact.external_id,
        type=ArtifactType(artifact.type),
        uri=artifact.uri,
        fingerprint=artifact.fingerprint,
        resolve=True,
    )


def _files(touched: Touched, before: Key, after: Key) -> dict[str, dict[str, str | None]]:
    """Return what lies where a call has read and written.

    Raises:
        UnknownContentError: Something that it depends on changed while it ran.
    """
    if before.text != after.text:
        message = "something that it depends on, such as an argument, changed while it ran"
        raise UnknownContentError(message)
    written = {place: content_at(place) for place in sorted(touched.written)}
    read = _read(touched)
    for place, found in after.named.items():
        # What was not there before, the call has made.
        is_made = place not in before.named or to_uri(place) in written
        if not is_made and before.named[place] != found:
            raise UnknownContentError(_changed(place))
        (written if is_made else read)[place] = found
    for place in before.named.keys() - after.named.keys():
        raise UnknownContentError(_changed(place))
    return {"read": read, "written": written}


def _read(touched: Touched) -> dict[str, str | None]:
    """Return what lies where the step has read, if it is still what was recorded then."""
    read = {place: content_at(place) for place in touched.read}
    for place, recorded in touched.read.items():
        found = read[place]
        kind = None if found is None else found.partition(":")[0]
        is_other = recorded is not None and recorded.partition(":")[0] == kind and recorded != found
        if found is None or is_other:
            raise UnknownContentError(_changed(place))
    return read


def _changed(place: str) -> str:
    return f"{place}, which it may have read, is not what it was before"
