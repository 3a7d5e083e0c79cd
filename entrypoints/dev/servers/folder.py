"""The folder of one server: its data, password, port and log, and the lock that keeps a second engine out."""

import errno
import fcntl
import hashlib
import os
import re
import secrets
import socket
import time
from pathlib import Path
from typing import BinaryIO

from attrs import frozen

from entrypoints.dev.servers.account import Account
from entrypoints.dev.servers.errors import LocalServerError
from entrypoints.private_files import NotPrivate, make_folder, require_own

# Where data goes when the server's account can't reach the folder that was asked for; root owns it, nobody else writes.
SHARED = Path("/var/lib/order-engine")
LEAVE_SECONDS = 10.0
# Below the range that systems give to outgoing connections: a client that retries while the server is down must not
# be given the server's own port.
_PORTS = range(15_000, 32_000)


@frozen
class ServerFolder:
    """A folder that the server's account can reach, locked. `notice` is what the person should know."""

    path: Path
    account: Account
    lock: int
    notice: str

    @classmethod
    def open(cls, wanted: Path) -> "ServerFolder":
        """Make and lock the folder, or one under /var/lib when the account can't reach it; no parent is opened up.

        Raises: OSError when it can't be made or is not ours alone, LocalServerError when another engine runs there.
        """
        if not str(wanted).isprintable():
            shown = "".join(char if char.isprintable() else "?" for char in str(wanted))
            raise LocalServerError(
                f"{shown} can't be used as a data folder, for the signs in its name that can't be printed: "
                "set ORDER_ENGINE_DATA_DIR to another."
            )
        account = Account.for_data(wanted / "data")
        _make(wanted)
        if account.may("x", wanted):
            return cls(wanted, account, _lock(wanted), "")
        path = SHARED / f"{wanted.name}-{hashlib.sha256(bytes(wanted)).hexdigest()[:12]}"
        _make(path)
        notice = f"The data of {wanted} is in {path}: a parent folder is closed to the server's user."
        return cls(path, Account.for_data(path / "data"), _lock(path), notice)

    def close(self) -> None:
        """Give the folder back; whoever comes next still waits for processes of the server that linger."""
        os.ftruncate(self.lock, 0)
        os.close(self.lock)

    @property
    def data(self) -> Path:
        """The server's own data."""
        return self.path / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.path / "server.log"

    def open_log(self) -> BinaryIO:
        """Open the log to write more; closed to all others, whatever the umask."""
        return os.fdopen(
            os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "ab"
        )

    def has_password(self) -> bool:
        """Say whether the server's password was made, and is still there."""
        path = self.path / "password"
        return path.exists() and bool(re.fullmatch(rb"[0-9a-f]+", path.read_bytes()))

    def password(self) -> str:
        """Read the server's password, made at random the first time; the file is closed to all but the account."""
        path = self.path / "password"
        if not self.has_password():
            self.write_secret(path, secrets.token_hex(24))
        return path.read_text()

    def write_secret(self, path: Path, text: str) -> None:
        """Write a file that only the account can read, whole or not at all."""
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_text(text)
        self.account.give(unfinished)
        unfinished.replace(path)

    def port(self) -> int:
        """Return the port of last time if it is free, else a free one, and remember it."""
        path = self.path / "port"
        remembered = path.read_bytes() if path.exists() else b""
        if re.fullmatch(rb"[0-9]{1,5}", remembered) and is_free(int(remembered)):
            return int(remembered)
        port = next(port for _ in range(1000) if is_free(port := secrets.choice(_PORTS)))
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(str(port))
        return port


def is_free(port: int) -> bool:
    """Say whether a server could listen on the port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def _make(folder: Path) -> None:
    """Make a folder and its missing parents so that the account may pass through them, and nobody else but us.

    What is in it is ours or the account's, no links, and closed to all others.
    """
    make_folder(folder, 0o711 if os.geteuid() == 0 else 0o700)
    require_own(folder.parent)
    account = Account.for_data(folder / "data")
    for entry in folder.iterdir():  # raises when it is a file, or closed to us
        found = entry.lstat()
        if entry.is_symlink() or found.st_uid not in (0, os.geteuid(), account.uid):
            raise NotPrivate(folder, f"{entry} is a link, or belongs to another user")
        if found.st_mode & 0o077:
            entry.chmod(found.st_mode & 0o700)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _lock(folder: Path) -> int:
    """Take the folder for this engine and return the lock's descriptor.

    The server inherits it, so the lock is held until its last process is gone: after a crash of the engine this waits
    for the old server to leave.
    """
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    deadline = time.monotonic() + LEAVE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode()
            if time.monotonic() < deadline and not _is_alive(holder):
                time.sleep(0.02)
                continue
            os.close(descriptor)
            raise LocalServerError(
                f"Another engine is running on {folder}: stop it, or set ORDER_ENGINE_DATA_DIR."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return descriptor


def _is_alive(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
