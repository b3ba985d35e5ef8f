from importlib.metadata import version as installed_version

project = "mlmeta_track"
author = "The mlmeta_track authors"
copyright = "The mlmeta_track authors"  # noqa: A001  # Sphinx's name for it
release = installed_version("mlmeta-track")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"mlmeta_track {release}"
suppress_warnings = ["ref.python"]  # two classes may have one name, as Artifact has
nitpicky = False  # names of other projects' objects: looking them up would need the network
