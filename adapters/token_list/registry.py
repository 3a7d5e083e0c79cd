"""Tokens from a file, which is read again when it changes."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Self

from attrs import define

from adapters.followed_file import FollowedFile, UnfitFile
from adapters.token_list.listed import tokens_of
from application.observe import tokens as observe
from application.ports.system import Clock
from domain.asset import Asset
from domain.token_list import TokenList

# The most used tokens of Solana's mainnet.
SHIPPED = Path(__file__).with_name("solana-mainnet.json")
LOOK_SECONDS = 2.0
FILE_BYTES = 1024 * 1024


@define(eq=False)
class FileTokenRegistry:
    """A `TokenRegistry` of these chains' tokens that goes by the last good content of its file."""

    clock: Clock
    chains: Collection[str]
    _file: FollowedFile
    _tokens: TokenList

    @classmethod
    def read(cls, path: Path, clock: Clock, chains: Collection[str]) -> Self:
        """Read a file for the first time. Raises UnfitFile."""
        file = FollowedFile(path, FILE_BYTES)
        file.changed()
        return cls(clock, chains, file, tokens_of(file.content(), chains))

    def find(self, name: str) -> Asset:
        return self._tokens.find(name)

    def assets(self) -> Sequence[Asset]:
        return self._tokens.assets

    async def run(self) -> None:
        """Look after the file, until cancelled."""
        while True:
            await self.clock.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Read the tokens again if their file changed. A bad file changes nothing, and is reported."""
        if not self._file.changed():
            return
        try:
            self._tokens = tokens_of(self._file.content(), self.chains)
        except UnfitFile as error:
            observe.token_list_refused(str(error))
        else:
            observe.token_list_read(len(self._tokens.assets))
