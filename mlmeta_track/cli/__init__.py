"""The command line: ``mlmeta-track``."""
