"""The settings of real venues: the chain that they are on, what a swap there may cost, and where its keys are."""
# ruff: noqa: RUF009 - `setting` declares an attrs field, as `field` does

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from entrypoints.setting_types import explorer_urls, one_of, seconds, setting, some_of, urls, wallet_place, whole

WORST_PRICE, BEST_PRICE = "lowest_price", "best_net_output"
# By the schemes of their URLs: whose swaps move real tokens, unless a simulator answers.
REAL_VENUES = ("jupiter", "raydium")
PRIORITIES = ("medium", "high", "very-high")
# By name: what is served in production imports no simulator.
SOLANA_FAULTS = (
    *("dropped", "lost_reply", "late", "fork", "behind", "slot_as_height", "limited", "error"),
    *("worse_quote", "low_min_out", "two_transactions", "foreign_fee_payer", "drained", "stale_blockhash"),
    "low_height",
)


@frozen(kw_only=True)
class SolanaSettings:
    """What nobody needs whose venues are mocks or speak the engine's own HTTP."""

    allow_worst_price: str = setting(
        "no", one_of("yes", "no"), f"Whether `{WORST_PRICE}` may be the policy with real venues: it sells at the worst"
    )
    solana_chain: str = setting(
        "solana", one_of("solana", "solana-devnet"), "The chain, as the token list and executions name it"
    )
    explorers: tuple[str, ...] = setting(
        (),
        explorer_urls,
        "Where people look a transaction up: `chain=URL` pairs, `{hash}` in each URL. Solana and its devnet have "
        "explorer.solana.com without it",
    )
    solana_rpc_urls: tuple[str, ...] = setting(
        (),
        urls("http", "https"),
        "Nodes of the chain, separated by commas, the one that is asked first in front. With two or more, two have to "
        "agree that a transaction is dead",
        secret=True,
    )
    solana_rpc_calls_per_second: int = setting(
        100, whole(1, 100_000), "The most calls that each node gets from one process: it waits its turn beyond that"
    )
    solana_slippage_bps: int = setting(
        50, whole(0, 9_999), "The slippage of orders that name none. There is no swap without a limit"
    )
    solana_max_slippage_bps: int = setting(500, whole(0, 9_999), "No swap has more, whatever its order says")
    solana_max_price_impact_bps: int = setting(
        100, whole(0, 10_000), "A swap that moves the price by more is not built"
    )
    solana_priority: str = setting(
        "medium", one_of(*PRIORITIES), "How the priority fee compares to what others pay just now"
    )
    solana_max_priority_lamports: int = setting(
        1_000_000, whole(0, 1_000_000_000), "The most that one swap pays as priority fee"
    )
    solana_wallet: str | None = setting(
        None,
        wallet_place,
        "The [wallet](solana-signing.md#wallets) that pays: a key file's path, or a remote signer's URL",
    )
    solana_wallets_file: Path | None = setting(None, Path, "A JSON object of users and the wallets that pay for them")
    solana_passphrase_file: Path | None = setting(None, Path, "The passphrase of sealed key files")
    solana_signer_token_file: Path | None = setting(None, Path, "The bearer token for remote signers")
    solana_signer_timeout_ms: int = setting(2000, whole(1, 600_000), "How long a remote signer may take")
    jupiter_api_key_file: Path | None = setting(None, Path, "A file with Jupiter's API key, closed to others")

    solana_simulator_port: int = setting(3004, whole(0, 65535), "The Solana simulator's port; 0 takes a free one")
    solana_simulator_ledger: Path = setting(
        Path(".order-engine/solana-ledger.sqlite"), Path, "Its chain: every account, and where each signature ended"
    )
    solana_simulator_slot_ms: int = setting(400, whole(1, 60_000), "How long one of its slots takes")
    solana_simulator_fault_rate: float = setting(
        0.0, seconds("0", "1"), "Share of calls, and of a node's times, that it spoils, 0 to 1"
    )
    solana_simulator_faults: tuple[str, ...] = setting(
        SOLANA_FAULTS, some_of(*SOLANA_FAULTS), "The faults that it draws from, by the mock seed"
    )

    def mistaken_for(self, real: Sequence[str], policy: str | None, tokens: Path | None) -> list[str]:
        """Say what does not fit; `real` are the names of the real venues, `tokens` is their list."""
        mistakes = []
        if self.solana_slippage_bps > self.solana_max_slippage_bps:
            mistakes.append("ORDER_ENGINE_SOLANA_SLIPPAGE_BPS must not be above ORDER_ENGINE_SOLANA_MAX_SLIPPAGE_BPS")
        if len(set(self.solana_rpc_urls)) < len(self.solana_rpc_urls):
            mistakes.append("ORDER_ENGINE_SOLANA_RPC_URLS must not name one node twice: it would be two witnesses")
        for name, value in (("SOLANA_RPC_URLS", self.solana_rpc_urls), ("TOKEN_LIST", tokens)):
            if real and not value:
                mistakes.append(f"ORDER_ENGINE_{name} must be set for {', '.join(real)}")
        if real and policy == WORST_PRICE and self.allow_worst_price == "no":
            mistakes.append(
                f"ORDER_ENGINE_ROUTING_POLICY={WORST_PRICE} sells at the worst price, which for {', '.join(real)} "
                "takes ORDER_ENGINE_ALLOW_WORST_PRICE=yes"
            )
        return mistakes


def is_real(url: str) -> bool:
    """Whether a venue of this URL, such as `jupiter:` or `raydium:http://localhost:3004/raydium`, swaps on a chain."""
    return url.partition(":")[0] in REAL_VENUES


def place_of(url: str) -> str:
    """Return the URL that calls to a real venue go to, without its query; empty for the one that all know."""
    return url.partition(":")[2].partition("?")[0].rstrip("/")
