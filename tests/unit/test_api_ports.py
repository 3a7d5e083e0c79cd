"""What an API listens on: for its clients, and for its operators."""

import pytest
from attrs import evolve

from entrypoints import api
from entrypoints.api import bind_ports
from entrypoints.listening import listener_of
from entrypoints.settings import Settings
from entrypoints.web.server import CannotListen, bind

SETTINGS = Settings(port=0, operations_port=0)


def test_operators_have_a_port_of_their_own_on_loopback() -> None:
    assert (Settings().operations_host, Settings().operations_port) == ("127.0.0.1", 3003)
    ports = bind_ports(SETTINGS)
    with ports.public as public, ports.operations as operations:
        assert public.getsockname() != operations.getsockname()


def test_an_operations_port_that_was_chosen_is_taken_or_nothing_starts() -> None:
    with (
        bind("127.0.0.1", 0) as taken,
        pytest.raises(CannotListen, match=r"already using this port \(ORDER_ENGINE_OPERATIONS_PORT names another\)"),
    ):
        bind_ports(evolve(SETTINGS, operations_port=taken.getsockname()[1]))


@pytest.mark.parametrize("name", ["port", "worker_http_port", "simulator_port", "solana_simulator_port"])
def test_who_cannot_listen_says_which_variable_to_change(name: str) -> None:
    def settings(port: int, host: str = "127.0.0.1") -> Settings:
        return Settings.from_environment({f"ORDER_ENGINE_{name.upper()}": str(port), "ORDER_ENGINE_HOST": host})

    with bind("127.0.0.1", 0) as taken, pytest.raises(CannotListen, match=f"{name.upper()} names another"):
        listener_of(settings(taken.getsockname()[1]), name)
    with pytest.raises(CannotListen, match="ORDER_ENGINE_HOST names another"):
        listener_of(settings(0, "192.0.2.1"), name)


def test_a_second_api_of_a_machine_takes_another_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        monkeypatch.setattr(api, "OPERATIONS_PORT", port)
        ports = bind_ports(evolve(SETTINGS, operations_port=port))
        with ports.public, ports.operations as second:
            assert second.getsockname()[1] != port
    assert [record.message for record in caplog.records] == ["operations_port_taken"]
