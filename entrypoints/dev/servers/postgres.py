"""A private Postgres with full durability, made on its first start."""

import shutil
import signal
from collections.abc import Collection, Iterator
from pathlib import Path

import psycopg

from entrypoints.dev.servers.binaries import Program, local_postgres, wheel_postgres
from entrypoints.dev.servers.errors import LocalServerError
from entrypoints.dev.servers.folder import ServerFolder
from entrypoints.dev.servers.process import Launch, run_to_end
from entrypoints.dev.servers.server import LocalServer

USER = "order_engine"  # the server's superuser
ENGINE = "order_engine_dev"

# Make the engine's role, with a password, and make what is in the schema its own: also what a superuser made before.
_MAKE_ROLE = """
DO $$
DECLARE
    thing RECORD;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    END IF;
    ALTER ROLE {role} PASSWORD '{password}';
    ALTER SCHEMA public OWNER TO {role};
    FOR thing IN
        SELECT 'TABLE' AS kind, c.oid::regclass::text AS name FROM pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND pg_get_userbyid(c.relowner) <> '{role}'
        UNION ALL
        SELECT 'FUNCTION', p.oid::regprocedure::text FROM pg_proc AS p
        WHERE p.pronamespace = 'public'::regnamespace AND pg_get_userbyid(p.proowner) <> '{role}'
    LOOP
        EXECUTE format('ALTER %s %s OWNER TO {role}', thing.kind, thing.name);
    END LOOP;
END $$
"""


class LocalPostgres(LocalServer):
    """A private Postgres; `options` are settings as in postgresql.conf (`{"timezone": "Asia/Kolkata"}`)."""

    name = "Postgres"
    minimum = (14,)
    advice = "install PostgreSQL 14 or newer, or set ORDER_ENGINE_POSTGRES_URL."
    stop_signal = signal.SIGINT  # "fast": SIGTERM would wait for the clients to leave
    reason_pattern = "FATAL|PANIC"

    def engine_url(self) -> str:
        """Return the URL of a role that is no superuser and owns all that is in the database; make it if need be.

        Raises LocalServerError.
        """
        password = self.url.partition("//")[2].partition(":")[2].partition("@")[0]  # hexadecimal: nothing to quote
        try:
            with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
                connection.execute(_MAKE_ROLE.format(role=ENGINE, password=password).encode())
        except psycopg.Error as error:
            why = error.diag.message_primary or "it does not answer"
            raise LocalServerError(f"The private Postgres took no role for the engine: {why}.") from error
        return self.url.replace(f"//{USER}:", f"//{ENGINE}:")

    def _programs(self, sources: Collection[str]) -> Iterator[Program]:
        if "local" in sources:
            yield from local_postgres()
        if "wheel" in sources:
            yield from wheel_postgres()

    def _fits(self, folder: ServerFolder, version: tuple[int, ...]) -> bool:
        return not folder.data.exists() or _made_by(folder) == str(version[0])

    def _refusal(self, folder: ServerFolder, versions: list[tuple[int, ...]]) -> str:
        made_by = _made_by(folder)
        if not made_by:
            return f"{folder.data} holds no Postgres data: move it away, or set ORDER_ENGINE_DATA_DIR."
        return (
            f"{folder.data} was made by Postgres {made_by}, and only Postgres {max(versions)[0]} was found: "
            f"install Postgres {made_by}, or move the folder away to start empty."
        )

    def _start_afresh(self, folder: ServerFolder, failure: LocalServerError) -> None:
        if not folder.data.exists():
            raise failure
        raise LocalServerError(
            f"{failure} The orders in {folder.data} were left as they are: mend the cause, restore a backup, "
            "or move the folder away to start empty."
        ) from failure

    def _prepare(self, folder: ServerFolder, program: Program, port: int) -> Launch:
        if not folder.data.exists():
            _initialise(folder, program)
        if not folder.has_password():
            raise LocalServerError(f"{folder.path / 'password'} is gone: move {folder.path} away to start empty.")
        _drop_stale_pid(folder.data / "postmaster.pid")
        settings = {
            # With the default of 1 GB there is a checkpoint, after which every page is written to the log whole once,
            # each half minute under full load. Used only as far as the load needs it.
            "max_wal_size": "4GB",
            # Pages that sessions write out go to the disk soon, not all at once half a minute later, when commits would
            # wait for them, 0.2 s.
            "backend_flush_after": "512kB",
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "lc_messages": "C",
            **self.options,
        }
        given = (f"--{key}={value}" for key, value in settings.items())
        return Launch([str(program.path), "-D", str(folder.data), *given])

    def _answers(self, folder: ServerFolder, port: int) -> bool:
        try:
            lines = (folder.data / "postmaster.pid").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[3] == str(port) and lines[7].strip() == "ready"

    def _url(self, folder: ServerFolder, port: int) -> str:
        return f"postgresql://{USER}:{folder.password()}@127.0.0.1:{port}/postgres"


def _made_by(folder: ServerFolder) -> str:
    """Return the major version that made the data; empty when it holds none."""
    marker = folder.data / "PG_VERSION"
    return marker.read_text(errors="replace").strip() if marker.exists() else ""


def _initialise(folder: ServerFolder, program: Program) -> None:
    """Make the data beside its place and move it there whole, so that a crash leaves no half-made data."""
    unfinished = folder.path / "data.new"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir()
    folder.account.give(unfinished)
    folder.password()
    run_to_end(
        [
            str(program.path.with_name("initdb")),
            f"--pgdata={unfinished}",
            f"--username={USER}",
            f"--pwfile={folder.path / 'password'}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ],
        folder,
    )
    unfinished.rename(folder.data)


def _drop_stale_pid(file: Path) -> None:
    """Remove the note of a dead server whose process id now belongs to another program (usual in containers).

    We hold the folder's lock, so no server of ours is alive; Postgres alone would refuse to start.
    """
    try:
        pid = file.read_text(errors="replace").split()[0]
        program = Path(f"/proc/{pid}/comm").read_text()
    except (FileNotFoundError, IndexError):
        return
    if "postgres" not in program:
        file.unlink()
