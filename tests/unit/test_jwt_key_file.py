"""The file of keys: which of its keys tokens may be signed by, and what is no such file."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key

from adapters.jwt.key_file import BadKeys, KeyFile, keys_of
from tests.tokens import Signer, write_keys

RSA, EC, ED = Signer.new("rsa", "RS256"), Signer.new("ec", "ES256"), Signer.new("ed", "EdDSA")
WEAK = Signer.new("weak", "RS256", bits=1024)
P384 = Signer("p384", "ES256", generate_private_key(SECP384R1()))


def jwks(*keys: object) -> bytes:
    return json.dumps({"keys": keys}).encode()


def test_each_key_has_one_algorithm() -> None:
    found = keys_of(jwks(RSA.jwk(), EC.jwk(alg=None, use=None), ED.jwk(key_ops=["verify"])))
    assert {kid: key.algorithm for kid, key in found.items()} == {"rsa": "RS256", "ec": "ES256", "ed": "EdDSA"}
    assert len({key.mark for key in found.values()}) == 3


OTHERS: dict[str, dict[str, Any]] = {
    "weak": WEAK.jwk(),
    "another curve": P384.jwk(),
    "for encryption": EC.jwk(use="enc"),
    "for signing": EC.jwk(key_ops=["sign"]),
    "another algorithm": RSA.jwk(alg="RS512"),
    "algorithm of another kind": RSA.jwk(alg="ES256"),
    "no kid": EC.jwk(kid=None),
    "empty kid": EC.jwk(kid=""),
    "kid is a number": EC.jwk(kid=1),
    "long kid": EC.jwk(kid="x" * 201),
    "no point of the curve": EC.jwk(x="AAAA"),
    "no kind": EC.jwk(kty=None),
    "unknown kind": EC.jwk(kty="AKP"),
    "kind is a list": EC.jwk(kty=["EC"]),
    "small exponent": RSA.jwk(e="Aw"),
    "no modulus": RSA.jwk(n=None),
    "modulus is a number": RSA.jwk(n=1),
    "Ed448": ED.jwk(crv="Ed448"),
    "key_ops is a number": ED.jwk(key_ops=None) | {"key_ops": 1},
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_no_token_may_be_signed_by_is_left_out(name: str) -> None:
    other = {**OTHERS[name]}
    assert set(keys_of(jwks(Signer.new("mine", "EdDSA").jwk(), other))) == {"mine"}
    with pytest.raises(BadKeys, match="has no key for RS256"):
        keys_of(jwks(other))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no JSON object"),
        (b"{", "is no JSON object"),
        (b"[]", "is no JSON object"),
        (b'{"keys":[],"keys":[]}', "is no JSON object"),
        (b'{"keys":{}}', "has no list of keys"),
        (b'{"keys":[1]}', "has no list of keys"),
        (b"{}", "has no list of keys"),
        (jwks(), "has no key for RS256"),
        (jwks(EC.jwk(), EC.jwk()), "two keys with one kid"),
        (jwks(EC.jwk(), {"kty": "oct", "kid": "s", "k": "AAAA"}), "a private or a symmetric key"),
        (jwks(EC.jwk(d="AAAA")), "a private or a symmetric key"),
        (b"[" * 100_000, "is no JSON object"),
    ],
    ids=range(12),
)
def test_what_is_no_set_of_keys_is_refused_without_a_word_of_it(content: bytes, said: str) -> None:
    with pytest.raises(BadKeys, match=said) as refused:
        keys_of(content)
    assert "AAAA" not in str(refused.value)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o777])
def test_a_file_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "jwks.json"
    write_keys(path, ED)
    assert set(KeyFile.read(path).keys) == {"ed"}
    path.chmod(mode)
    with pytest.raises(BadKeys, match="may be written by others"):
        KeyFile.read(path)


def test_without_a_file_there_is_a_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(BadKeys, match="cannot be read"):
            KeyFile.read(path)
