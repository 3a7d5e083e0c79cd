"""Makes the token registry that the settings name."""

from pathlib import Path
from typing import TYPE_CHECKING

from application.ports.system import Clock
from application.ports.token_registry import TokenRegistry
from entrypoints.settings import Settings, SettingsError

if TYPE_CHECKING:
    from adapters.token_list.registry import FileTokenRegistry

SHIPPED_LIST = Path("solana-mainnet")


def made_token_file(settings: Settings, clock: Clock) -> "FileTokenRegistry | None":
    """Return the tokens of the settings' own file, if they name one. Raises SettingsError."""
    if settings.token_list in (None, SHIPPED_LIST):
        return None
    from adapters.followed_file import UnfitFile  # only for those who need it
    from adapters.token_list.registry import FileTokenRegistry

    try:
        return FileTokenRegistry.read(settings.token_list, clock, {settings.solana_chain})
    except UnfitFile as error:
        raise SettingsError([f"ORDER_ENGINE_TOKEN_LIST {error}"]) from error


def made_tokens(settings: Settings, file: "FileTokenRegistry | None") -> TokenRegistry | None:
    """Return the tokens that orders may name; None where any name will do."""
    if settings.token_list != SHIPPED_LIST:
        return file
    from adapters.memory.token_registry import InMemoryTokenRegistry
    from adapters.token_list.listed import tokens_of
    from adapters.token_list.registry import SHIPPED

    return InMemoryTokenRegistry(tokens_of(SHIPPED.read_bytes(), {settings.solana_chain}))
