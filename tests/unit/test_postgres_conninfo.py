"""Every session is set the same way, and a URL's own wishes are kept."""

from psycopg.conninfo import conninfo_to_dict

from adapters.postgres.connection import store_conninfo


def test_sessions_are_in_utc_and_cannot_hang() -> None:
    made = conninfo_to_dict(store_conninfo("postgresql://me:p%40ss@db.example:6543/engine", "order-engine"))
    assert (made["host"], made["port"], made["dbname"], made["password"]) == ("db.example", "6543", "engine", "p@ss")
    options = str(made["options"])
    for setting in ("timezone=UTC", "statement_timeout=", "lock_timeout=", "idle_in_transaction_session_timeout="):
        assert f"-c {setting}" in options
    assert made["application_name"] == "order-engine"
    assert made["keepalives"] == "1"


def test_a_url_keeps_its_own_settings() -> None:
    url = "postgresql://db/engine?connect_timeout=9&application_name=mine&options=-c%20search_path%3Dengine"
    made = conninfo_to_dict(store_conninfo(url, "order-engine"))
    assert (made["connect_timeout"], made["application_name"]) == ("9", "mine")
    assert str(made["options"]).startswith("-c search_path=engine -c timezone=UTC")
