"""``mlmeta-track run``: a script as it is, with tracking on."""

from __future__ import annotations

from pathlib import Path

import click

import mlmeta_track
from mlmeta_track.cli.options import store_option
from mlmeta_track.cli.script import run_script

_EXAMPLE = """\b
Examples:
  mlmeta-track run train.py --epochs 3
  mlmeta-track run --autotrack tfdv --store sqlite:///metadata.db validate.py data.csv
"""


@click.command(
    epilog=_EXAMPLE,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--autotrack",
    "names",
    multiple=True,
    metavar="NAME",
    help="An integration to switch on; may be repeated. [default: every installed one]",
)
@click.option("--experiment", metavar="NAME", help="The experiment that the run belongs to.")
@click.option("--strict", is_flag=True, help="Fail where otherwise a record is lost.")
@store_option
@click.argument("script", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(  # noqa: PLR0913 - one argument an option
    *,
    names: tuple[str, ...],
    experiment: str | None,
    strict: bool,
    store: str | None,
    script: Path,
    arguments: tuple[str, ...],
) -> None:
    """Run the Python script SCRIPT with ARGUMENTS as python would, and record what it does."""

    def track() -> None:
        mlmeta_track.init(store, experiment=experiment, strict=strict or None, autotrack=names)
        if not names:
            mlmeta_track.autotrack()

    run_script(script, arguments, track)
