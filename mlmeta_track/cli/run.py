"""``mlmeta-track run``: a script or a module as it is, with tracking on."""

from __future__ import annotations

from pathlib import Path

import click

import mlmeta_track
from mlmeta_track.cli.options import store_option
from mlmeta_track.cli.script import run_module, run_script

_EXAMPLE = """\b
Examples:
  mlmeta-track run train.py --epochs 3
  mlmeta-track run --autotrack tfdv --store sqlite:///metadata.db validate.py data.csv
  mlmeta-track run -m pipelines.train --epochs 3
"""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


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
@click.option("-m", "is_module", is_flag=True, help="SCRIPT is a module, as for python -m.")
@click.argument("program", metavar="SCRIPT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run(  # noqa: PLR0913 - one argument an option
    context: click.Context,
    *,
    names: tuple[str, ...],
    experiment: str | None,
    strict: bool,
    store: str | None,
    is_module: bool,
    program: str,
    arguments: tuple[str, ...],
) -> None:
    """Run the Python script SCRIPT with ARGUMENTS as python would, and record what it does."""

    def track() -> None:
        mlmeta_track.init(store, experiment=experiment, strict=strict or None, autotrack=names)
        if not names:
            mlmeta_track.autotrack()

    if is_module:
        run_module(program, arguments, track)
        return
    parameter = next(p for p in context.command.params if p.name == "program")
    run_script(_FILE.convert(program, parameter, context), arguments, track)
