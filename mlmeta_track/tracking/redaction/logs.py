"""What we log, without secrets: messages and the tracebacks under them."""

from __future__ import annotations

import logging

from mlmeta_track.tracking.redaction.rules import in_force
from mlmeta_track.tracking.redaction.texts import clean

_formatter = logging.Formatter()


class RedactingFilter(logging.Filter):
    """Cleans each record before any handler has it; the traceback becomes text for that."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record, and let it pass."""
        rules = in_force()
        if not rules.is_on:
            return True
        record.msg, record.args = clean(record.getMessage(), rules), ()
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = clean(_formatter.formatException(record.exc_info), rules)
            # Handlers with forms of their own would write it as it is.
            record.exc_info = None
        return True


def protect_ours() -> None:
    """Clean all that this library logs from now on."""
    # A filter sees only what goes through its very logger, so each of ours needs one.
    for name in ("mlmeta_track", "mlmeta_track.plugins", "mlmeta_track.server.answering"):
        logger = logging.getLogger(name)
        if not any(isinstance(found, RedactingFilter) for found in logger.filters):
            logger.addFilter(RedactingFilter())
