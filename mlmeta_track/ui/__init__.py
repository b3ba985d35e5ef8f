"""The web page: read-only, on the machine it is started on, with a JSON API that it uses itself."""
