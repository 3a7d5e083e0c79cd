"""Who may do what in the database: a role for each kind of process, and what it may do with each table."""

from importlib.resources import files


def make_roles() -> str:
    """Return the SQL that makes the roles, and gives the engine's tables to the migrator; for a superuser."""
    return _text("make.sql")


def grant_roles() -> str:
    """Return the SQL that gives each role that exists what it needs, and takes all else; for the tables' owner."""
    return _text("grant.sql")


def roles_sql() -> str:
    """Return both, for psql."""
    return f"{make_roles()}\n{grant_roles()}"


def _text(name: str) -> str:
    return files("adapters.postgres.roles").joinpath(name).read_text("utf-8")
