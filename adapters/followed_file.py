"""A file that the engine goes by, and that may be changed while it runs."""

import os
from pathlib import Path

from attrs import define

_OTHERS_MAY_WRITE = 0o022


class UnfitFile(Exception):
    """A file cannot be gone by; the text says why, and holds nothing of it."""


@define(eq=False)
class FollowedFile:
    """A file of at most `most_bytes`, which none but this user and root may write; `harm` is what others could do."""

    path: Path
    most_bytes: int
    harm: str = "the engine does what it says"
    _seen: tuple[int, ...] = ()

    def changed(self) -> bool:
        """Whether the file is another than when this was last asked."""
        before, self._seen = self._seen, _looks(self.path)
        return self._seen != before

    def content(self) -> bytes:
        """Return what is in it now. Raises UnfitFile."""
        try:
            with self.path.open("rb") as file:
                found = os.fstat(file.fileno())
                content = file.read(self.most_bytes + 1)
        except OSError as error:
            raise UnfitFile(f"cannot be read: {error.strerror}") from error
        if found.st_mode & _OTHERS_MAY_WRITE or found.st_uid not in (os.geteuid(), 0):
            raise UnfitFile(f"may be written by others than this user and root: {self.harm}")
        if len(content) > self.most_bytes:
            raise UnfitFile(f"has more than {self.most_bytes // 1024} KiB")
        return content


def _looks(path: Path) -> tuple[int, ...]:
    """Return what changes with the file; nothing for one that is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
