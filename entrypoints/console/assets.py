"""The console's files, read once."""

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType

from attrs import frozen

FOLDER = Path(__file__).with_name("static")
INDEX = "index.html"
_TYPES = MappingProxyType(
    {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
    }
)


@frozen
class Asset:
    """One file as it is sent; `etag` changes with its content."""

    content: bytes
    content_type: str
    etag: str


def read_assets(folder: Path = FOLDER) -> Mapping[str, Asset]:
    """Read every file that a browser may ask for, by its path below `folder` with slashes."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in _TYPES)
    return MappingProxyType({path.relative_to(folder).as_posix(): _asset(path) for path in found})


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, _TYPES[path.suffix], blake2b(content, digest_size=12).hexdigest())
