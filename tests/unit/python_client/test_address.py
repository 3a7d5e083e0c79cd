"""How an engine is reached, and what is shown to it: to nobody who must not have it, and in no text."""

from pathlib import Path

import httpx
import pytest

from order_engine_client import Client, Unreachable
from order_engine_client.address import Address
from tests.unit.python_client.answers import client_of, order_of

KEY = "oe_test_" + "A" * 43


@pytest.mark.parametrize("url", ["ftp://h", "http://", "h:3000", "http://h?x=1", "http://h#x", "http://[::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Client(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:3000", "http://localhost", "http://[::1]:3000", "https://engine.example"]
)
def test_a_key_is_shown_on_this_machine_and_over_tls(url: str) -> None:
    address = Address.of(url, KEY, None)
    assert address.headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(address)


@pytest.mark.parametrize("url", ["http://engine.example", "http://192.0.2.7:3000", "http://localhost.example"])
def test_a_key_is_not_sent_in_plain_text_to_another_machine(url: str) -> None:
    with pytest.raises(ValueError, match="use https://") as refused:
        Client(url, api_key=KEY)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("key", ["", "a b", "schlüssel", "x" * 8193, "a\r\nX: y"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="neither an API key nor a token"):
        Client("http://127.0.0.1", api_key=key)


def test_a_password_in_the_url_is_sent_and_in_no_text() -> None:
    client, asked = client_of(
        httpx.Response(200, json=order_of()), httpx.ConnectError("no"), url="http://a%40b:s%3Ac@h/e"
    )
    client.order("1")
    assert asked[0].headers["Authorization"] == "Basic YUBiOnM6Yw=="
    assert (client.url, str(asked[0].url)) == ("http://h/e", "http://h/e/api/orders/1")
    client, _ = client_of(httpx.ConnectError("no"), url="http://a:hunter2@h", patience=0)
    with pytest.raises(Unreachable) as caught:
        client.order("1")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ValueError, match="only one of them"):
        Client("https://a:hunter2@h", api_key=KEY)


@pytest.fixture
def certificates(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize("url", ["https://127.0.0.1", "https://engine.example"])
def test_the_certificates_of_the_environment_count_everywhere_and_alone(
    url: str, certificates: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usual = Address.of(url, None, None).tls
    assert usual is not None
    assert usual.cert_store_stats()["x509_ca"] > 50
    certificates.setenv("SSL_CERT_DIR", str(tmp_path))
    own = Address.of(url, None, None).tls
    assert own is not None
    assert own.cert_store_stats()["x509_ca"] == 0
    certificates.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(OSError, match="No such file"):
        Address.of(url, None, None)
