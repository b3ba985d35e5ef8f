"""What is known of this process at once: all but the code's version, for which git is asked."""

from __future__ import annotations

import getpass
import json
import os
import platform
import shlex
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from mlmeta_track.domain.nodes import PropertyValue
from mlmeta_track.tracking.artifacts import storable
from mlmeta_track.tracking.capture import cut
from mlmeta_track.tracking.redaction.command_lines import clean_line
from mlmeta_track.tracking.redaction.rules import in_force
from mlmeta_track.tracking.reproduction.installed import installed

LONGEST_LIST: Final = 32_768
"""How long (characters) a list or a table of names is kept; what is over is counted."""

ENVIRONMENT: Final = (
    *("CONDA_DEFAULT_ENV", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHASHSEED", "PYTHONOPTIMIZE"),
    *("LANG", "LC_ALL", "TZ"),
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "CUBLAS_WORKSPACE_CONFIG"),
    *("TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS", "TF_FORCE_GPU_ALLOW_GROWTH", "XLA_FLAGS"),
    *("RANK", "LOCAL_RANK", "WORLD_SIZE", "SLURM_JOB_ID", "SLURM_PROCID", "SLURM_NTASKS"),
)
"""The environment variables whose values are kept; of all others, the names only."""


def facts() -> dict[str, PropertyValue]:
    """Return the facts of this process as custom properties, as far as they can be had."""
    environment = os.environ
    found: dict[str, PropertyValue | None] = {
        "mlmeta_command_line": cut(_command_line()),
        "mlmeta_working_directory": working_directory(),
        "mlmeta_host": socket.gethostname(),
        "mlmeta_user": _user(),
        "mlmeta_pid": os.getpid(),
        "mlmeta_python": platform.python_version(),
        "mlmeta_platform": platform.platform(),
        "mlmeta_environment": _table({n: environment[n] for n in ENVIRONMENT if n in environment}),
        "mlmeta_packages": _table(installed()),
        **listed("mlmeta_environment_names", sorted(environment)),
    }
    return {name: value for name, value in found.items() if value is not None}


def _command_line() -> str:
    """Return the command line; which letters are for passwords is known before it is cut."""
    return clean_line(shlex.join([sys.executable, *arguments()]), in_force())


def script_name() -> str:
    """Return the name of the script that runs, such as ``train.py``."""
    return Path(arguments()[0] or "python").name if arguments() else "python"


def arguments() -> list[str]:
    """Return ``sys.argv``, which programs may have left with anything in it."""
    return [str(argument) for argument in getattr(sys, "argv", ())]


def working_directory() -> str | None:
    """Return the working directory; None if it was deleted under us."""
    try:
        return os.getcwd()  # noqa: PTH109 - text is wanted
    except OSError:
        return None


def listed(name: str, values: Iterable[str]) -> dict[str, PropertyValue | None]:
    """Return values as a property: JSON text, with the number of those that had no room."""
    kept: list[str] = []
    omitted, room = 0, LONGEST_LIST
    for value in values:
        room -= len(json.dumps(storable(value))) + 2
        if room < 0:
            omitted += 1
        else:
            kept.append(storable(value))
    return {name: json.dumps(kept), f"{name}_omitted": omitted or None}


def _table(values: Mapping[str, str]) -> str:
    """Return a table as JSON text; what has no room is left out."""
    kept: dict[str, str] = {}
    room = LONGEST_LIST
    for name, value in values.items():
        room -= len(json.dumps({storable(name): storable(value)}))
        if room < 0:
            kept["..."] = f"{len(values) - len(kept)} more"
            break
        kept[storable(name)] = storable(value)
    return json.dumps(kept)


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None  # A container may run under a number that has no name.
