"""Who a token is about: verified once, remembered until it expires or its key is gone."""

from hashlib import blake2b

from attrs import define, field
from jwt import PyJWS
from jwt.exceptions import PyJWTError

from adapters.jwt.claims import TOKEN_BYTES, claims_of, parts_of
from adapters.jwt.key_file import BadKeys, KeyFile
from application.caller import Caller
from application.observe import access as observe
from application.ports.authenticator import Grant, Unauthenticated
from application.ports.system import Clock
from application.sign_in import OF_TOKENS

LOOK_SECONDS = 2.0
_KEPT_MOST = 20_000


@define(eq=False)
class JwtAuthenticator:
    """An `Authenticator` of tokens by one issuer for one audience, signed by a key of the file; no URL is ever asked.

    PyJWT verifies signatures. What a token says is read here: PyJWT takes tokens without an end, or that hold for
    years, and of a claim that is there twice the last.
    """

    file: KeyFile
    issuer: str
    audience: str
    clock: Clock
    kept_most: int = _KEPT_MOST
    _known: dict[bytes, Grant] = field(factory=dict, init=False)

    def known(self, credential: str, address: str) -> Grant | None:
        """Return what a token allows that was verified before, else None. Raises Unauthenticated."""
        if len(credential) > TOKEN_BYTES:
            raise Unauthenticated
        digest = _digest(credential)
        grant = self._known.get(digest)
        if grant is not None and self._is_over(grant):
            del self._known[digest]
            raise Unauthenticated
        return grant

    async def authenticate(self, credential: str, address: str) -> Grant:
        return self.known(credential, address) or self._verified(credential)

    async def recheck(self, grant: Grant, address: str) -> None:
        mark = (grant.caller.key_id or "").removeprefix(OF_TOKENS).partition(":")[0]
        if self._is_over(grant) or mark not in {key.mark for key in self.file.keys.values()}:
            raise Unauthenticated

    async def run(self) -> None:
        """Look after the file of keys, until cancelled."""
        while True:
            await self.clock.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Read the keys again if their file changed; then no token is known any more. A bad file changes nothing."""
        try:
            if self.file.changed():
                self._known.clear()
                observe.token_keys_read(len(self.file.keys))
        except BadKeys as error:
            observe.token_keys_refused(str(error))

    def _verified(self, token: str) -> Grant:
        head, said = parts_of(token)
        key = self.file.keys.get(head.kid)
        if key is None or key.algorithm != head.algorithm:
            raise Unauthenticated
        claims = claims_of(said, self.issuer, self.audience, self.clock.now())
        try:
            PyJWS(algorithms=[key.algorithm]).decode(token, key.public, algorithms=[key.algorithm])
        except (PyJWTError, ValueError, TypeError) as error:
            raise Unauthenticated from error
        digest = _digest(token)
        caller = Caller(claims.user_id, claims.scopes, f"{OF_TOKENS}{key.mark}:{digest[:8].hex()}")
        grant = Grant(caller, claims.expires_at)
        if len(self._known) >= self.kept_most:
            del self._known[next(iter(self._known))]  # the oldest
        self._known[digest] = grant
        return grant

    def _is_over(self, grant: Grant) -> bool:
        return grant.expires_at is None or grant.expires_at <= self.clock.now()


def _digest(token: str) -> bytes:
    return blake2b(token.encode(errors="surrogatepass"), digest_size=32).digest()
