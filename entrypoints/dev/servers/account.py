"""Whom a server runs as: ourselves, or, as root, a user that may own a database (Postgres refuses root)."""

import os
import pwd
import subprocess
from pathlib import Path
from typing import Any

from attrs import frozen

from entrypoints.dev.servers.errors import LocalServerError


@frozen
class Account:
    """An existing user of this machine; our own, unless we are root."""

    uid: int
    gid: int

    @classmethod
    def for_data(cls, data: Path) -> "Account":
        """Choose the account for a data folder, which may not exist yet.

        As root: whoever owns the data already, else `postgres`, else `nobody`. No user is ever added.
        """
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        if data.exists() and (owner := data.stat()).st_uid != 0:
            return cls(owner.st_uid, owner.st_gid)
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        raise LocalServerError("Postgres can't run as root and there is no user `nobody` here: start as another user.")

    @property
    def is_other(self) -> bool:
        """Whether running as this account means giving up root."""
        return self.uid != os.geteuid()

    def drop(self) -> dict[str, Any]:
        """Give the arguments that make `subprocess` run a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_other else {}

    def may(self, access: str, path: Path) -> bool:
        """Ask the system whether the account has `access` (`r`, `w` or `x`) to a path, its parents included."""
        if not self.is_other:
            return os.access(path, {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK}[access])
        asked = subprocess.run(["/bin/sh", "-c", f'test -{access} "$1"', "sh", path], cwd="/", **self.drop())
        return asked.returncode == 0

    def give(self, path: Path) -> None:
        """Make a file or an empty folder this account's own, closed to all others."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        if self.is_other:
            os.chown(path, self.uid, self.gid)
