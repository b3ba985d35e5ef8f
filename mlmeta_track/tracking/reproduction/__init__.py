"""What it takes to run a run again: command line, host, Python, packages, environment and code."""

from mlmeta_track.tracking.reproduction.code import code_facts
from mlmeta_track.tracking.reproduction.later import Later
from mlmeta_track.tracking.reproduction.process import facts, script_name

__all__ = ["Later", "code_facts", "facts", "script_name"]
