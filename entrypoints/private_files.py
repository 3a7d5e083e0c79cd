"""Folders and files that are one user's alone: nobody else can read them, change them, or put others in their place."""

import errno
import grp
import os
import pwd
import stat
from pathlib import Path

OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class NotPrivate(OSError):
    """A path is not ours alone; `strerror` says what to mend."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(errno.EPERM, why, str(path))


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Make a folder and its missing parents, whatever the umask. Raises OSError; NotPrivate is one."""
    missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    _require_safe_parents(missing[-1] if missing else folder)
    for path in reversed(missing):
        path.mkdir(mode=0o700)
        path.chmod(mode)
    require_own(folder)


def make_file(path: Path) -> None:
    """Have a file that is closed to all others, whatever the umask; what it holds stays. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid not in _trusted():
            raise NotPrivate(path, "it is another user's, or no file")
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def require_own(path: Path) -> None:
    """Raise NotPrivate for a link, for what another user owns, and for what others may write."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise NotPrivate(path, f"{path} is a link, and none is followed")
    if found.st_uid not in _trusted():
        raise NotPrivate(path, f"{path} belongs to another user")
    if _others_may_write(found):
        raise NotPrivate(path, f"others may write to {path}")


def _require_safe_parents(path: Path) -> None:
    """Raise NotPrivate if others could put something else in a path's place.

    In a folder with the sticky bit they cannot. Links above are followed when those who could change them may.
    """
    for parent in path.parents:
        for place in {parent, parent.resolve()}:
            found = place.lstat()
            if found.st_uid not in _trusted() and os.geteuid() != 0:  # root may well work in a user's folder
                raise NotPrivate(path, f"{place} belongs to another user, who could replace what is in it")
            if not stat.S_ISLNK(found.st_mode) and _others_may_write(found) and not found.st_mode & stat.S_ISVTX:
                raise NotPrivate(path, f"others may write to {place}, and could replace what is in it")


def _trusted() -> set[int]:
    # Whoever owns the root folder could do anything; in some containers that is not user 0.
    return {0, os.geteuid(), os.stat("/").st_uid}


def _others_may_write(found: os.stat_result) -> bool:
    if found.st_mode & stat.S_IWOTH:
        return True
    return bool(found.st_mode & stat.S_IWGRP) and not _is_private_group(found.st_gid)


def _is_private_group(gid: int) -> bool:
    """Whether a group is our user's own, as many systems give one to each: then nobody else is in it."""
    if gid == 0:
        return True
    try:
        ours, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return gid == ours.pw_gid and group.gr_name == ours.pw_name and set(group.gr_mem) <= {ours.pw_name}
