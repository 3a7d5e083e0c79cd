"""What the driver raises reaches callers as the port's errors, without SQL, values or hosts."""

import psycopg
import pytest
from psycopg import errors

from adapters.postgres.errors import for_one_more, is_of_one_row, is_passing, translated
from adapters.postgres.rows import read_or_refuse
from application.observe import metrics
from application.ports.errors import DataRefused, PortError, StoreUnavailable, UnreadableOrder


def raised(state: str) -> psycopg.Error:
    return errors.lookup(state)("INSERT INTO orders VALUES ('secret') on host db.internal")


AWAY = ["57P03", "53300", "25006", "53100", "57014", "57P01", "08006", "42P01", "55P03", "40P01", "XX000", "2200H"]
REFUSED = ["22P05", "22001", "22003", "23505", "23514"]


@pytest.mark.parametrize(("state", "kind"), [(s, StoreUnavailable) for s in AWAY] + [(s, DataRefused) for s in REFUSED])
def test_every_state_has_its_port_error(state: str, kind: type[PortError]) -> None:
    original = raised(state)
    error = translated(original)
    assert type(error) is kind
    assert error.__cause__ is original
    assert state in str(error)
    assert "secret" not in str(error)
    assert "db.internal" not in str(error)


@pytest.mark.parametrize("state", ["2200H", "53100", "22003", "08006"])
def test_a_store_that_can_hold_no_more_is_alarmed(state: str) -> None:
    def alarms() -> float:
        return metrics.METERS.totals()["order_engine_store_full_total"][()][0]

    before = alarms()
    translated(raised(state))
    assert alarms() - before == (state in ("2200H", "53100"))


@pytest.mark.parametrize(
    "error", [psycopg.OperationalError("connection refused"), psycopg.InterfaceError("closed"), TimeoutError()]
)
def test_errors_without_a_state_are_absences(error: psycopg.Error | TimeoutError) -> None:
    assert type(translated(error)) is StoreUnavailable


def test_what_is_known_of_a_write_is_passed_on() -> None:
    error = translated(psycopg.OperationalError(), "unknown")
    assert isinstance(error, StoreUnavailable)
    assert error.accepted == "unknown"


def test_texts_that_the_driver_itself_refuses_are_refused_data() -> None:
    surrogate = UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
    for error in (psycopg.DataError("cannot contain NUL"), surrogate):
        assert type(translated(error)) is DataRefused
        assert is_of_one_row(error)


def test_one_row_can_be_to_blame_for_data_and_locks_only() -> None:
    assert [state for state in AWAY + REFUSED if is_of_one_row(raised(state))] == ["55P03", *REFUSED]


def test_only_conflicts_pass() -> None:
    assert [state for state in AWAY + REFUSED if is_passing(raised(state))] == ["40P01", "23505"]


def test_each_caller_gets_an_error_of_its_own() -> None:
    error = translated(raised("57P01"), "unknown")
    twin = for_one_more(error)
    assert twin is not error
    assert isinstance(twin, StoreUnavailable)
    assert (twin.accepted, str(twin), twin.__cause__) == ("unknown", str(error), error.__cause__)


def test_a_row_that_makes_no_sense_tells_whose_it_is_to_each_that_asked() -> None:
    refusal = read_or_refuse(["an id", "anna", *["no such thing"] * 23])
    assert isinstance(refusal, UnreadableOrder)
    another = for_one_more(refusal)
    assert (refusal.user_id, another.user_id, str(another)) == ("anna", "anna", str(refusal))
