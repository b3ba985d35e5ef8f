"""``python -m mlmeta_track`` is ``mlmeta-track``."""

from mlmeta_track.cli.main import main

main()
