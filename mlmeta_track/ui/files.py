"""What the browser runs and looks like: the files beside the page, which are read once."""

from __future__ import annotations

from mimetypes import guess_type
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

# By ourselves, for what a machine takes a name for may be anything.
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class Files:
    """The files of a folder, by their paths in it; there are few, and all are small."""

    def __init__(self, folder: Path) -> None:
        """Read the files."""
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        self._files = {
            path.relative_to(folder).as_posix(): (path.read_bytes(), _type(path)) for path in paths
        }

    @property
    def modules(self) -> list[str]:
        """The paths of the scripts, all of which the page runs."""
        return [name for name in self._files if name.endswith(".js")]

    async def get(self, request: Request) -> Response:
        """Answer with a file."""
        found = self._files.get(request.path_params["path"])
        if found is None:
            raise HTTPException(404)
        content, media_type = found
        return Response(content, media_type=media_type)


def _type(path: Path) -> str:
    return _TYPES.get(path.suffix) or guess_type(path.name)[0] or "text/plain"
