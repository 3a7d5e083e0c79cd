"""Whether the token list says what the chain says."""

from collections.abc import Sequence

from adapters.solana.doctor.finding import Finding, Health
from adapters.solana.funds import AccountReader
from adapters.solana.judge.mints import mistaken
from application.ports.errors import VenueUnavailable
from domain.asset import Asset

AT_ONCE = 100  # the most that a node gives
_WHAT = "token list"


async def token_findings(node: AccountReader, assets: Sequence[Asset]) -> list[Finding]:
    """Compare each token with its mint; one line says how many are right."""
    wrong: list[Finding] = []
    try:
        for start in range(0, len(assets), AT_ONCE):
            some = assets[start : start + AT_ONCE]
            mints = (await node.accounts([asset.address for asset in some])).accounts
            found = ((asset, mistaken(asset, mint)) for asset, mint in zip(some, mints, strict=True))
            wrong += [Finding(f"{_WHAT}: {asset.symbol}", Health.WRONG, why) for asset, why in found if why]
    except VenueUnavailable as error:
        return [Finding(_WHAT, Health.WRONG, f"cannot be compared: {error}")]
    return [*wrong, Finding(_WHAT, Health.OK, f"{len(assets) - len(wrong)} tokens are as the chain has them")]
