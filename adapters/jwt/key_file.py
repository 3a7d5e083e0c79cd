"""The keys that tokens are signed by: a JWKS (RFC 7517) in a file, which is read again when it changes."""

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from attrs import define, frozen
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from adapters.followed_file import FollowedFile, UnfitFile
from adapters.strict_json import object_of

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

RSA_BITS_LEAST = 2048
_RSA_BITS_MOST = 8192  # more takes a second of CPU a token
_FILE_BYTES = 256 * 1024
_KID_MOST = 200
_ALGORITHMS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}  # by the kind of key
_SECRET_MEMBERS = {"d", "k", "p", "q", "dp", "dq", "qi", "oth"}


class BadKeys(Exception):
    """A file is no set of keys that can be used; the text says why, and holds nothing of it."""


@frozen(eq=False)
class TokenKey:
    """A public key with the one algorithm that it is for; `mark` is short, and differs from all other keys'."""

    algorithm: str
    public: PublicKey
    mark: str


@define(eq=False)
class KeyFile:
    """A JWKS in a file. `keys` are those of its last good content, by their ids (`kid`)."""

    file: FollowedFile
    keys: Mapping[str, TokenKey]

    @classmethod
    def read(cls, path: Path) -> "KeyFile":
        """Read a file for the first time. Raises BadKeys."""
        file = FollowedFile(path, _FILE_BYTES)
        file.changed()
        return cls(file, _keys_in(file))

    def changed(self) -> bool:
        """Read the file again if it changed; return whether it did. Raises BadKeys, once for each bad content."""
        if not self.file.changed():
            return False
        self.keys = _keys_in(self.file)
        return True


def _keys_in(file: FollowedFile) -> Mapping[str, TokenKey]:
    try:
        return keys_of(file.content())
    except UnfitFile as error:
        raise BadKeys(str(error)) from error


def keys_of(content: bytes) -> Mapping[str, TokenKey]:
    """Return the keys of a JWKS that tokens may be signed by, leaving out those for anything else. Raises BadKeys."""
    try:
        listed = object_of(content).get("keys")
    except ValueError as error:
        raise BadKeys("is no JSON object with each member once") from error
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise BadKeys("has no list of keys")
    keys: dict[str, TokenKey] = {}
    for jwk in listed:
        if _SECRET_MEMBERS & jwk.keys():
            raise BadKeys("has a private or a symmetric key: it must hold public keys alone")
        key = _key_of(jwk)
        if key is None:
            continue
        kid = jwk["kid"]
        if kid in keys:
            raise BadKeys("has two keys with one kid")
        keys[kid] = key
    if not keys:
        raise BadKeys(f"has no key for RS256 (of {RSA_BITS_LEAST} bits or more), ES256 or EdDSA (Ed25519) with a kid")
    return keys


def _key_of(jwk: Mapping[str, Any]) -> TokenKey | None:
    """Return a key that tokens may be signed by; None for any other."""
    algorithm, kid = _ALGORITHMS.get(str(jwk.get("kty"))), jwk.get("kid")
    if algorithm is None or not isinstance(kid, str) or not 0 < len(kid) <= _KID_MOST:
        return None
    if jwk.get("alg", algorithm) != algorithm or jwk.get("use", "sig") != "sig":
        return None
    try:
        if "verify" not in jwk.get("key_ops", ["verify"]):
            return None
        public = PyJWK(dict(jwk), algorithm).key
    except (PyJWTError, ValueError, TypeError, KeyError, OverflowError):
        return None
    if not _is_strong(public):
        return None
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return TokenKey(algorithm, public, blake2b(der, digest_size=8).hexdigest())


def _is_strong(public: object) -> bool:
    match public:
        case RSAPublicKey():
            numbers = public.public_numbers()
            return RSA_BITS_LEAST <= public.key_size <= _RSA_BITS_MOST and numbers.e >= 65_537 and numbers.e % 2 == 1
        case EllipticCurvePublicKey():
            return isinstance(public.curve, SECP256R1)
        case Ed25519PublicKey():
            return True
    return False
