"""A chain that runs here, for `order-engine dev --solana`: the simulator, and a wallet with money to throw away."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from attrs import evolve, frozen

from entrypoints.container.wallets import make_wallet, wallet_in
from entrypoints.lifecycle import StartError
from entrypoints.listening import listener_of
from entrypoints.private_files import make_folder
from entrypoints.settings import Settings
from entrypoints.solana_simulator import simulated
from entrypoints.web.server import url_of

USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
SOL_LEAST, SOL_GIVEN, USDC_GIVEN = 100, 1_000, 100_000
_LAMPORTS, _USDC_UNITS = 10**9, 10**6
_MARKETS = "dex=Meteora+DLMM&dex=Meteora+DAMM+v2"


@frozen
class LocalChain:
    """The simulated chain: where it listens, and the settings of an engine that trades on it and nowhere else."""

    listener: socket.socket
    settings: Settings
    wallet: str
    folder: Path

    @classmethod
    def of(cls, settings: Settings, folder: Path) -> "LocalChain":
        """Take the simulator's port, and make the wallet where there is none. Raises CannotListen, StartError."""
        try:
            make_folder(folder)
        except OSError as error:
            raise StartError(f"Cannot use {folder}: {error.strerror}.") from error
        key = folder / "wallet.json"
        wallet = wallet_in(key).address if key.exists() else make_wallet(key, None)
        listener = listener_of(evolve(settings, host="127.0.0.1"), "solana_simulator_port")
        return cls(listener, _on_this_chain(settings, url_of(listener), folder), wallet, folder)

    @property
    def places(self) -> Mapping[str, str]:
        """Where it is, and what the wallet is."""
        return {"Solana": f"simulated, {url_of(self.listener)}", "Wallet": f"{self.wallet}, in {self.folder}"}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve the chain and its venues to the end of the block; the wallet has money when it begins."""
        async with simulated(self.settings, self.listener):
            await self._fund()
            yield

    async def _fund(self) -> None:
        url = url_of(self.listener)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            asked = {"jsonrpc": "2.0", "id": 1, "method": "getBalance", "params": [self.wallet]}
            answer = await http.post(f"{url}/rpc/a", json=asked)
            if answer.json()["result"]["value"] >= SOL_LEAST * _LAMPORTS:
                return
            for gift in (
                {"owner": self.wallet, "amount": SOL_GIVEN * _LAMPORTS},
                {"owner": self.wallet, "mint": USDC, "amount": USDC_GIVEN * _USDC_UNITS},
            ):
                (await http.post(f"{url}/fund", json=gift)).raise_for_status()


def _on_this_chain(settings: Settings, url: str, folder: Path) -> Settings:
    """Return the settings with the simulated chain in the place of all that may be real: no key of theirs is read."""
    return evolve(
        settings,
        mode="paper",
        venues=(("Raydium", f"raydium:{url}/raydium"), ("Meteora", f"jupiter:{url}/jupiter/swap/v2?{_MARKETS}")),
        routing_policy=None,
        token_list=Path("solana-mainnet"),
        solana_chain="solana",
        explorers=(f"solana={url}/ledger/signatures/{{hash}}",),
        solana_rpc_urls=(f"{url}/rpc/a", f"{url}/rpc/b"),
        solana_wallet=str(folder / "wallet.json"),
        solana_wallets_file=None,
        solana_simulator_ledger=folder / "ledger.sqlite",
        jupiter_api_key_file=None,
    )
