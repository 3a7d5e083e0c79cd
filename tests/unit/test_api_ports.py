"""What an API listens on: for its clients, and for its operators."""

import pytest
from attrs import evolve

from entrypoints import api
from entrypoints.api import bind_ports
from entrypoints.settings import Settings
from entrypoints.web.server import CannotListen, bind

SETTINGS = Settings(port=0, operations_port=0)


def test_operators_have_a_port_of_their_own_on_loopback() -> None:
    assert (Settings().operations_host, Settings().operations_port) == ("127.0.0.1", 3003)
    ports = bind_ports(SETTINGS)
    with ports.public as public, ports.operations as operations:
        assert public.getsockname() != operations.getsockname()


def test_an_operations_port_that_was_chosen_is_taken_or_nothing_starts() -> None:
    with bind("127.0.0.1", 0) as taken, pytest.raises(CannotListen, match="already using this port"):
        bind_ports(evolve(SETTINGS, operations_port=taken.getsockname()[1]))


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
