"""Tokens: the contract, whose they are, and every kind of token that must not be taken."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from adapters.followed_file import FollowedFile
from adapters.jwt.authenticator import JwtAuthenticator
from adapters.jwt.claims import TOKEN_BYTES
from adapters.jwt.key_file import KeyFile, keys_of
from application.caller import Caller, Scope
from application.ports.authenticator import Unauthenticated
from tests.clock import ManualClock
from tests.contracts.authenticator import ADDRESS, AuthenticatorBench, AuthenticatorContract
from tests.tokens import AUDIENCE, ISSUER, Signer, as_json, claims, encoded, write_keys

# Made once: an RSA key takes its time.
RSA, EC, ED = Signer.new("rsa", "RS256"), Signer.new("ec", "ES256"), Signer.new("ed", "EdDSA")
WEAK, STRANGER = Signer.new("weak", "RS256", bits=1024), Signer.new("rsa", "RS256")
SIGNERS = pytest.mark.parametrize("signer", [RSA, EC, ED], ids=lambda signer: signer.algorithm)
NOW = ManualClock().now()
SECONDS = int(NOW.timestamp())


@frozen
class Bench:
    clock: ManualClock
    path: Path
    authenticator: JwtAuthenticator

    async def refuses(self, token: str) -> None:
        with pytest.raises(Unauthenticated) as refused:
            await self.authenticator.authenticate(token, ADDRESS)
        assert str(refused.value) == ""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    path = tmp_path / "jwks.json"
    write_keys(path, RSA, EC, ED, WEAK)
    clock = ManualClock()
    return Bench(clock, path, JwtAuthenticator(KeyFile.read(path), ISSUER, AUDIENCE, clock))


class TestJwtAuthenticator(AuthenticatorContract):
    @pytest.fixture
    def bench(self, bench: Bench) -> AuthenticatorBench:
        async def admit(caller: Caller, life: timedelta) -> str:
            now = bench.clock.now()
            scope, ends = " ".join(sorted(caller.scopes)), (now + life).timestamp()
            return EC.token(claims(now, sub=caller.user_id, scope=scope, iat=now.timestamp(), exp=ends))

        return AuthenticatorBench(bench.authenticator, bench.clock, admit)


def good(signer: Signer = ED, header: dict[str, object] | None = None, **over: object) -> str:
    return signer.token(claims(NOW, **over), header)


@SIGNERS
async def test_the_subject_is_the_user_and_the_scope_says_what_it_may(bench: Bench, signer: Signer) -> None:
    token = good(signer, sub="für-Ünïcode", scope="orders:read admin profile  users:any", jti="1", aud=["x", AUDIENCE])
    caller = (await bench.authenticator.authenticate(token, ADDRESS)).caller
    assert caller.user_id == "für-Ünïcode"
    assert caller.scopes == {Scope.ORDERS_READ, Scope.ADMIN, Scope.USERS_ANY}
    other = (await bench.authenticator.authenticate(good(signer, sub="bert"), ADDRESS)).caller
    assert other.key_id != caller.key_id


@pytest.mark.parametrize(
    "token",
    [
        good(header={"typ": "at+jwt"}),
        good(header={"typ": "application/at+jwt"}),
        good(header={"typ": "jwt", "x5t": "x"}),
        ED.sign(as_json({"alg": "EdDSA", "kid": "ed"}), as_json(claims(NOW))),
        good(iat=SECONDS + 9, exp=SECONDS + 3609, nbf=SECONDS + 10),
        good(iat=SECONDS - 3599, exp=SECONDS + 1),
        good(scope=None),
        good(scope=""),
        good(exp=SECONDS + 1.5),
        good(sub="x" * 255),
    ],
    ids=range(10),
)
async def test_what_issuers_may_do_is_taken(bench: Bench, token: str) -> None:
    await bench.authenticator.authenticate(token, ADDRESS)


def hs256(secret: bytes, **header: object) -> str:
    """Sign by a secret that is none: the public key, say."""
    signed = b".".join(
        map(encoded, (as_json({"alg": "HS256", "kid": "rsa", "typ": "JWT", **header}), as_json(claims(NOW))))
    )
    return b".".join([signed, encoded(hmac.new(secret, signed, hashlib.sha256).digest())]).decode()


def unsigned(**header: object) -> str:
    parts = (as_json({"alg": "none", "kid": "rsa", **header}), as_json(claims(NOW)))
    return b".".join([*map(encoded, parts), b""]).decode()


def raw_claims(text: str) -> str:
    """Sign claims as they are written; %s stands for the rest of good ones."""
    rest = as_json(claims(NOW))[1:-1].decode()
    return ED.sign(as_json({"alg": "EdDSA", "kid": "ed"}), text.replace("%s", rest).encode())


def raw_header(text: str) -> str:
    return ED.sign(text.encode(), as_json(claims(NOW)))


def swapped(token: str, part: int, by: str) -> str:
    parts = token.split(".")
    parts[part] = by
    return ".".join(parts)


def other_last_bits(token: str) -> str:
    """Change what the last character says beyond the last byte: a lenient reader decodes the same."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


PEM = RSA.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
GOOD_HEADER = '"alg":"EdDSA","kid":"ed"'
HOSTILE: dict[str, Callable[[], str]] = {
    "none": unsigned,
    "None": lambda: unsigned(alg="None"),
    "none with a signature": lambda: good(header={"alg": "none"}),
    "empty signature": lambda: good().rpartition(".")[0] + ".",
    "public key as a secret": lambda: hs256(PEM),
    "public key as a secret, DER": lambda: hs256(
        RSA.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ),
    "empty secret": lambda: hs256(b""),
    "HS256 said to be RS256": lambda: hs256(PEM, alg="RS256"),
    "another algorithm of the same key": lambda: good(RSA, header={"alg": "RS512"}),
    "PS256 of the same key": lambda: good(RSA, header={"alg": "PS256"}),
    "an algorithm of another key": lambda: good(EC, header={"kid": "ed"}),
    "a key of another algorithm": lambda: good(EC, header={"alg": "EdDSA"}),
    "algorithm in small letters": lambda: good(header={"alg": "eddsa"}),
    "a stranger's key": lambda: good(STRANGER),
    "a weak key": lambda: good(WEAK),
    "no kid": lambda: raw_header('{"alg":"EdDSA"}'),
    "unknown kid": lambda: good(header={"kid": "other"}),
    "kid is a path": lambda: good(header={"kid": "../../dev/null"}),
    "kid is a number": lambda: good(header={"kid": 1}),
    "kid is a list": lambda: good(header={"kid": ["ed"]}),
    "jku": lambda: good(header={"jku": "https://evil.example/jwks.json"}),
    "x5u": lambda: good(header={"x5u": "https://evil.example/cert"}),
    "x5c": lambda: good(header={"x5c": ["MII"]}),
    "jwk": lambda: good(STRANGER, header={"jwk": STRANGER.jwk()}),
    "crit": lambda: good(header={"crit": ["exp"], "exp": 1}),
    "empty crit": lambda: good(header={"crit": []}),
    "b64": lambda: good(header={"b64": False, "crit": ["b64"]}),
    "zip": lambda: good(header={"zip": "DEF"}),
    "nested": lambda: good(header={"cty": "JWT"}),
    "foreign typ": lambda: good(header={"typ": "dpop+jwt"}),
    "typ of an id token": lambda: good(header={"typ": "id+jwt"}),
    "typ of logout": lambda: good(header={"typ": "logout+jwt"}),
    "typ is a number": lambda: good(header={"typ": 1}),
    "typ is null": lambda: good(header={"typ": None}),
    "no alg": lambda: raw_header('{"kid":"ed"}'),
    "header twice": lambda: raw_header('{"alg":"none",' + GOOD_HEADER + "}"),
    "kid twice": lambda: raw_header('{"kid":"x",' + GOOD_HEADER + "}"),
    "header is a list": lambda: raw_header("[]"),
    "header is no JSON": lambda: raw_header("{"),
    "no exp": lambda: good(exp=None),
    "no iat": lambda: good(iat=None),
    "no sub": lambda: good(sub=None),
    "no iss": lambda: good(iss=None),
    "no aud": lambda: good(aud=None),
    "expired": lambda: good(iat=SECONDS - 600, exp=SECONDS),
    "expired long ago": lambda: good(iat=SECONDS - 7200, exp=SECONDS - 3600),
    "over an hour": lambda: good(exp=SECONDS + 3601),
    "for years": lambda: good(exp=SECONDS + 10**9),
    "for ever": lambda: raw_claims('{"exp":1e400,"iss":"x"}'),
    "exp is text": lambda: good(exp=str(SECONDS + 600)),
    "exp is true": lambda: good(exp=True),
    "exp is null": lambda: raw_claims('{"exp":null}'),
    "exp is NaN": lambda: raw_claims('{"exp":NaN}'),
    "exp is huge": lambda: good(exp=10**300),
    "exp has thousands of digits": lambda: raw_claims('{"exp":' + "9" * 5000 + "}"),
    "exp is negative": lambda: good(exp=-1),
    "issued in the future": lambda: good(iat=SECONDS + 60),
    "issued in the future, for an hour": lambda: good(iat=SECONDS + 3000, exp=SECONDS + 6000),
    "issued after its end": lambda: good(iat=SECONDS + 700),
    "not yet": lambda: good(nbf=SECONDS + 60),
    "nbf is text": lambda: good(nbf="0"),
    "nbf is null": lambda: raw_claims('{"nbf":null,%s}'),
    "foreign issuer": lambda: good(iss="https://issuer.example/"),
    "issuers": lambda: good(iss=[ISSUER]),
    "foreign audience": lambda: good(aud="another-engine"),
    "part of the audience": lambda: good(aud="order"),
    "no audience in a list": lambda: good(aud=[]),
    "audiences of all kinds": lambda: good(aud=[AUDIENCE, 1]),
    "audience in an object": lambda: good(aud={AUDIENCE: 1}),
    "sub is a number": lambda: good(sub=1),
    "sub is a list": lambda: good(sub=["anna"]),
    "sub is blank": lambda: good(sub=" "),
    "sub is empty": lambda: good(sub=""),
    "sub with a blank": lambda: good(sub="anna "),
    "sub not in NFC": lambda: good(sub="Zoe\u0308"),
    "sub with a NUL": lambda: good(sub="anna\0"),
    "sub with a line break": lambda: good(sub="anna\u2028x"),
    "sub turned round": lambda: good(sub="anna\u202e"),
    "sub with zero width": lambda: good(sub="an\u200bna"),
    "sub of half a character": lambda: raw_claims('{"sub":"\\ud800"}'),
    "sub too long": lambda: good(sub="x" * 256),
    "scope is a list": lambda: good(scope=["orders:read"]),
    "scope is a number": lambda: good(scope=1),
    "scope is null": lambda: ED.sign(as_json({"alg": "EdDSA", "kid": "ed"}), as_json({**claims(NOW), "scope": None})),
    "claim twice": lambda: raw_claims('{"sub":"bert",%s}'),
    "claim twice, same": lambda: raw_claims('{"sub":"anna",%s}'),
    "claim twice, written otherwise": lambda: raw_claims('{"\\u0073ub":"bert",%s}'),
    "member twice, deep inside": lambda: raw_claims('{"x":{"a":1,"a":2},%s}'),
    "claims are a list": lambda: raw_claims("[%s]".replace("%s", "1")),
    "claims are no JSON": lambda: raw_claims("{%s"),
    "claims are two objects": lambda: raw_claims("{%s}{}"),
    "claims are no UTF-8": lambda: ED.sign(as_json({"alg": "EdDSA", "kid": "ed"}), b'{"sub":"\xff"}'),
    "claims with a BOM": lambda: raw_claims("\ufeff{%s}"),
    "claims too deep": lambda: raw_claims('{"x":' + "[" * 2000 + "]" * 2000 + ",%s}"),
    "too long": lambda: good(x="x" * TOKEN_BYTES),
    "two parts": lambda: good().rpartition(".")[0],
    "four parts": lambda: good() + ".x",
    "encrypted": lambda: good() + ".x.y",
    "padded": lambda: good() + "=",
    "a blank before": lambda: " " + good(),
    "a blank inside": lambda: good().replace(".", ". ", 1),
    "a line break after": lambda: good() + "\n",
    "other letters of base64": lambda: swapped(good(), 1, "+/+/"),
    "one character of base64": lambda: swapped(good(), 1, "A"),
    "the same signature, written otherwise": lambda: other_last_bits(good()),
    "another's claims": lambda: swapped(good(), 1, good(sub="bert").split(".")[1]),
    "another's signature": lambda: swapped(good(), 2, good(sub="bert").split(".")[2]),
    "an ES256 signature in DER": lambda: swapped(good(EC), 2, "MEUCIQDx" + "A" * 80),
    "an ES256 signature of zeros": lambda: swapped(good(EC), 2, encoded(bytes(64)).decode()),
    "not in ASCII": lambda: good().replace("e", "\u0435", 1),
    "an API key": lambda: "oe_live_" + "A" * 43,
    "JSON": lambda: json.dumps(claims(NOW)),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_no_hostile_token_is_taken(bench: Bench, name: str) -> None:
    token = HOSTILE[name]()
    await bench.refuses(token)
    await bench.refuses(token)


@given(st.data())
def test_any_change_of_a_token_is_refused(data: Any) -> None:
    token = good(EC)
    place = data.draw(st.integers(0, len(token) - 1))
    changed = token[:place] + data.draw(st.text(max_size=3)) + token[place + data.draw(st.integers(0, 3)) :]
    file = KeyFile(FollowedFile(Path("none"), 0), keys_of(as_json({"keys": [EC.jwk()]})))
    authenticator = JwtAuthenticator(file, ISSUER, AUDIENCE, ManualClock())
    if changed != token:
        with pytest.raises(Unauthenticated):
            authenticator._verified(changed)  # noqa: SLF001 - without a loop for each


async def test_a_verified_token_is_remembered_and_nothing_of_it_in_clear(bench: Bench) -> None:
    token = good()
    grant = await bench.authenticator.authenticate(token, ADDRESS)
    assert bench.authenticator.known(token, ADDRESS) is grant
    assert token not in repr(bench.authenticator)
    await bench.clock.advance(600)
    with pytest.raises(Unauthenticated):
        bench.authenticator.known(token, ADDRESS)


async def test_how_many_are_remembered_is_bounded(bench: Bench) -> None:
    small = JwtAuthenticator(bench.authenticator.file, ISSUER, AUDIENCE, bench.clock, kept_most=5)
    tokens = [good(sub=f"user-{number}") for number in range(12)]
    for token in tokens:
        await small.authenticate(token, ADDRESS)
    assert [small.known(token, ADDRESS) is not None for token in tokens] == [False] * 7 + [True] * 5
    assert (await small.authenticate(tokens[0], ADDRESS)).caller.user_id == "user-0"


async def test_when_its_key_is_gone_a_token_is_good_no_longer(bench: Bench) -> None:
    tokens = [good(signer) for signer in (RSA, ED)]
    grants = [await bench.authenticator.authenticate(token, ADDRESS) for token in tokens]
    for grant in grants:
        await bench.authenticator.recheck(grant, ADDRESS)
    write_keys(bench.path, ED, EC)
    bench.authenticator.look()
    await bench.refuses(tokens[0])
    with pytest.raises(Unauthenticated):
        await bench.authenticator.recheck(grants[0], ADDRESS)
    assert await bench.authenticator.authenticate(tokens[1], ADDRESS) == grants[1]
    await bench.authenticator.recheck(grants[1], ADDRESS)


async def test_another_key_with_the_same_kid_is_another(bench: Bench) -> None:
    token = good(RSA)
    grant = await bench.authenticator.authenticate(token, ADDRESS)
    write_keys(bench.path, STRANGER)
    bench.authenticator.look()
    await bench.refuses(token)
    with pytest.raises(Unauthenticated):
        await bench.authenticator.recheck(grant, ADDRESS)
    await bench.authenticator.authenticate(good(STRANGER), ADDRESS)


@pytest.mark.parametrize("content", [b"", b"{", b'{"keys":[]}', b"[]", b'{"keys":[],"keys":[]}', None])
async def test_a_bad_file_changes_nothing_and_a_good_one_after_it_counts(bench: Bench, content: bytes | None) -> None:
    token = good()
    await bench.authenticator.authenticate(token, ADDRESS)
    if content is None:
        bench.path.unlink()
    else:
        bench.path.write_bytes(content)
    for _ in range(2):
        bench.authenticator.look()
    await bench.authenticator.authenticate(token, ADDRESS)
    write_keys(bench.path, EC)
    bench.authenticator.look()
    await bench.refuses(token)
    await bench.authenticator.authenticate(good(EC), ADDRESS)


async def test_the_file_is_looked_at_again_and_again(bench: Bench) -> None:
    async with asyncio.TaskGroup() as group:
        looking = group.create_task(bench.authenticator.run())
        write_keys(bench.path, STRANGER)
        await bench.clock.advance(5)
        await bench.authenticator.authenticate(good(STRANGER), ADDRESS)
        looking.cancel()
