"""Tokens as an issuer signs them, and as nobody should: for tests."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from jwt.algorithms import Algorithm, ECAlgorithm, OKPAlgorithm, RSAAlgorithm, get_default_algorithms

ISSUER, AUDIENCE = "https://issuer.example", "order-engine"
_ALGORITHMS = get_default_algorithms()
Private = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
_WRITERS: Mapping[str, type[Any]] = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}


@frozen
class Signer:
    """A key that an issuer signs with."""

    kid: str
    algorithm: str
    private: Private

    @classmethod
    def new(cls, kid: str, algorithm: str, *, bits: int = 2048) -> "Signer":
        """Make a key."""
        match algorithm:
            case "RS256":
                return cls(kid, algorithm, rsa_key(public_exponent=65_537, key_size=bits))
            case "ES256":
                return cls(kid, algorithm, ec_key(SECP256R1()))
        return cls(kid, algorithm, Ed25519PrivateKey.generate())

    def jwk(self, **over: object) -> dict[str, Any]:
        """Return its public part, as a JWKS has it; None leaves a member out."""
        written: dict[str, Any] = json.loads(_WRITERS[self.algorithm].to_jwk(self.private.public_key()))
        whole = {**written, "kid": self.kid, "alg": self.algorithm, "use": "sig", **over}
        return {name: value for name, value in whole.items() if value is not None}

    def sign(self, header: bytes, claims: bytes) -> str:
        """Sign these very bytes."""
        signed = b".".join(map(encoded, (header, claims)))
        algorithm: Algorithm = _ALGORITHMS[self.algorithm]
        return b".".join([signed, encoded(algorithm.sign(signed, self.private))]).decode()

    def token(self, claims: Mapping[str, object], header: Mapping[str, object] | None = None) -> str:
        """Sign claims."""
        head = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT", **(header or {})}
        return self.sign(as_json(head), as_json(claims))


def claims(now: datetime, **over: object) -> dict[str, object]:
    """Return the claims of a good token, which holds for ten minutes; None leaves one out."""
    seconds = int(now.timestamp())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "anna",
        "scope": "orders:read orders:write",
        "iat": seconds,
        "exp": seconds + 600,
        **over,
    }
    return {name: value for name, value in good.items() if value is not None}


def write_keys(path: Path, *signers: Signer) -> None:
    """Write a JWKS, in the place of the one before at once."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(json.dumps({"keys": [signer.jwk() for signer in signers]}))
    beside.replace(path)


def as_json(value: object) -> bytes:
    """Return JSON without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass")


def encoded(raw: bytes) -> bytes:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
