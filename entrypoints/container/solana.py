"""Makes venues on Solana, and what they share. Only who has one imports this: it takes its time to load."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

from attrs import field, frozen

from adapters.solana import jupiter, raydium
from adapters.solana.confirmation import Confirmation
from adapters.solana.judge.judge import Judge
from adapters.solana.jupiter import JupiterMarket
from adapters.solana.market import Market
from adapters.solana.priority import Priority
from adapters.solana.raydium import RaydiumMarket
from adapters.solana.rpc import SolanaRpc
from adapters.solana.swap_venue import Chain, SolanaVenue, Terms
from adapters.solana.venue_api import VenueApi
from adapters.wallet.private_file import BadWallet, read_private
from application.ports.signer import Wallets
from application.ports.system import Clock
from application.ports.token_registry import TokenRegistry
from entrypoints.setting_types import WrongValue, url
from entrypoints.settings import PREFIX, Settings, SettingsError
from entrypoints.solana_settings import place_of

_KEY_BYTES = 1024


@frozen
class SolanaVenues:
    """Makes the venues of one process: they share nodes, the judge and the wallets. As a resource it is the nodes."""

    _settings: Settings
    _clock: Clock
    _tokens: TokenRegistry
    _wallets: Wallets
    rpc: SolanaRpc = field(init=False)
    _chain: Chain = field(init=False)
    _terms: Terms = field(init=False)

    @rpc.default
    def _nodes(self) -> SolanaRpc:
        settings = self._settings
        return SolanaRpc(
            settings.solana_rpc_urls,
            self._clock,
            timeout_seconds=settings.venue_timeout_ms / 1000,
            calls_per_second=settings.solana_rpc_calls_per_second,
        )

    @_chain.default
    def _shared(self) -> Chain:
        delivery = Confirmation(self.rpc, self._clock, wait_seconds=self._settings.venue_swap_timeout_ms / 1000)
        return Chain(self.rpc, Judge(self.rpc), delivery, self._wallets, self._tokens, self._clock)

    @_terms.default
    def _of_settings(self) -> Terms:
        said = self._settings
        return Terms(
            said.solana_chain,
            said.solana_slippage_bps,
            said.solana_max_slippage_bps,
            said.solana_max_price_impact_bps,
            said.solana_max_priority_lamports,
        )

    async def open(self) -> None:
        """Get ready; the first call connects."""
        await self.rpc.open()

    async def close(self) -> None:
        """Close all connections to nodes. Idempotent."""
        await self.rpc.close()

    def venue(self, name: str, address: str) -> SolanaVenue:
        """Make the venue of a URL such as `raydium:` or `jupiter:?dex=Meteora+DLMM`. Raises SettingsError."""
        kind, _, rest = address.partition(":")
        market = _MARKETS[kind](self, name, place_of(address), rest.partition("?")[2])
        return SolanaVenue(name, market, self._chain, self._terms)

    def jupiter(self, name: str, place: str, query: str) -> Market:
        """Make a market of what Jupiter routes through, or of its `dex`es."""
        options = parse_qs(query, keep_blank_values=True)
        if set(options) - {"dex"} or not all(options.get("dex", ["-"])):
            raise SettingsError([f"{PREFIX}VENUES: {name} may only say ?dex=Label&dex=Another, as Jupiter calls them"])
        key = _key_in(self._settings.jupiter_api_key_file)
        base = _url(name, place or jupiter.URL)
        return JupiterMarket(self._api(name, key), self.rpc, self._priority(), base, options.get("dex", []))

    def raydium(self, name: str, place: str, query: str) -> Market:
        """Make Raydium's market. A host of its own says its fees, if its name is as Raydium has it."""
        if query:
            raise SettingsError([f"{PREFIX}VENUES: {name} must not have a query"])
        base = _url(name, place or raydium.URL)
        fees = base.replace("//transaction-v1", "//api-v3", 1)
        return RaydiumMarket(self._api(name, {}), self._priority(), self._clock, base, fees)

    def _api(self, name: str, headers: Mapping[str, str]) -> VenueApi:
        return VenueApi(name, self._clock, self._settings.venue_timeout_ms / 1000, headers)

    def _priority(self) -> Priority:
        return Priority(self._settings.solana_priority, self._settings.solana_max_priority_lamports)


_MARKETS: Mapping[str, Callable[[SolanaVenues, str, str, str], Market]] = MappingProxyType(
    {"jupiter": SolanaVenues.jupiter, "raydium": SolanaVenues.raydium}
)


def _url(name: str, place: str) -> str:
    try:
        if not urlsplit(url("http", "https")(place)).hostname:
            raise WrongValue("must have a host")
    except WrongValue as wrong:
        raise SettingsError([f"{PREFIX}VENUES: what follows the kind of {name} {wrong}, or nothing"]) from wrong
    return place


def _key_in(path: Path | None) -> Mapping[str, str]:
    """Return the header of a file's API key. Raises SettingsError."""
    if path is None:
        return {}
    try:
        key = read_private(path, _KEY_BYTES).strip()
    except BadWallet as error:
        raise SettingsError([f"{PREFIX}JUPITER_API_KEY_FILE: {error}"]) from error
    if not key or not key.isascii() or not key.decode().isprintable() or b" " in key:
        raise SettingsError([f"{PREFIX}JUPITER_API_KEY_FILE: {path} holds no key"])
    return {"x-api-key": key.decode()}
