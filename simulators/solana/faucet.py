"""Who gives lamports to whoever asks, by a transaction of the chain's like any other."""

from hashlib import blake2b

from solders.compute_budget import set_compute_unit_limit
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

LAMPORTS = 10**17
_UNITS = 1_000


def key(seed: int) -> Keypair:
    """Return its key on the chain of this seed."""
    return Keypair.from_seed(blake2b(f"{seed}:faucet".encode(), digest_size=32).digest())


def signed(seed: int, to: Pubkey, lamports: int, blockhash: Hash, number: int) -> bytes:
    """Return a signed transfer; two that are alike differ by their `number`."""
    own = key(seed)
    give = transfer(TransferParams(from_pubkey=own.pubkey(), to_pubkey=to, lamports=lamports))
    message = MessageV0.try_compile(own.pubkey(), [set_compute_unit_limit(_UNITS + number), give], [], blockhash)
    return bytes(VersionedTransaction(message, [own]))
