"""What the doctor says of wallets, token accounts and the token list."""

from collections.abc import Sequence

import pytest
from attrs import evolve, frozen
from solders.account import Account
from solders.message import from_bytes_versioned
from solders.token.state import TokenAccount, TokenAccountState

from adapters.solana.doctor.finding import Finding, Health
from adapters.solana.doctor.tokens import token_findings
from adapters.solana.doctor.wallets import FEW_LAMPORTS, OFF_CHAIN, signing_finding, wallet_findings
from adapters.solana.judge.node import Accounts
from adapters.solana.judge.programs import SYSTEM, TOKEN
from application.ports.errors import SignerUnavailable, VenueUnavailable
from application.ports.signer import Signer
from simulators.solana.tokens import SOL, USDC
from tests.judged import JUP, THIEF, WALLET, PlayedNode, asset, own

ASSETS = [asset(SOL), asset(USDC), asset(JUP)]
PRIORITY = 1_000_000


class Away:
    """A node that never answers."""

    async def accounts(self, addresses: Sequence[str]) -> Accounts:
        raise VenueUnavailable("took too long")


def bad(findings: Sequence[Finding]) -> dict[str, str]:
    return {finding.what.replace(str(WALLET), "W"): finding.text for finding in findings if finding.health != Health.OK}


async def test_a_token_list_that_is_right_is_one_line() -> None:
    assert await token_findings(PlayedNode(), ASSETS) == [
        Finding("token list", Health.OK, "3 tokens are as the chain has them")
    ]


async def test_each_token_that_is_listed_wrong_is_told() -> None:
    assets = [evolve(ASSETS[0], decimals=8), ASSETS[1], evolve(ASSETS[2], address=str(THIEF))]
    assert bad(await token_findings(PlayedNode(), assets)) == {
        "token list: SOL": "has 9 decimals, and 8 in the token list",
        "token list: JUP": "is no token of this chain",
    }
    assert bad(await token_findings(Away(), assets)) == {"token list": "cannot be compared: took too long"}


async def test_more_tokens_than_a_node_tells_of_at_once_are_asked_in_parts() -> None:
    node = PlayedNode()
    assert bad(await token_findings(node, ASSETS * 50)) == {}
    assert node.told == ["accounts", "accounts"]


async def test_a_wallets_balances_are_told() -> None:
    node = PlayedNode()
    found = await wallet_findings(node, str(WALLET), ASSETS, PRIORITY)
    assert bad(found) == {}
    assert [finding.text for finding in found] == [
        "it has 10 SOL",
        "1000 USDC; the first swap makes its account of JUP",
    ]


@pytest.mark.parametrize(
    ("account", "health", "text"),
    [
        (None, Health.WRONG, "it is empty: not even a fee can be paid"),
        (Account(10**9, b"", TOKEN), Health.WRONG, "it belongs to a program, and pays for nothing"),
        (Account(10**9, b"x", SYSTEM), Health.WRONG, "it belongs to a program, and pays for nothing"),
        (Account(FEW_LAMPORTS, b"", SYSTEM), Health.WARNING, "it has 0.02 SOL: little, as"),
        (Account(FEW_LAMPORTS + PRIORITY, b"", SYSTEM), Health.OK, "it has 0.021 SOL"),
    ],
)
async def test_a_wallet_that_cannot_pay_is_told(account: Account | None, health: Health, text: str) -> None:
    node = PlayedNode()
    node.svm.set_account(WALLET, account or Account(0, b"", SYSTEM))
    first, *_ = await wallet_findings(node, str(WALLET), ASSETS, PRIORITY)
    assert first.health is health
    assert first.text.startswith(text)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"delegate": THIEF, "delegated_amount": 2_500_000}, f"{THIEF} may take 2.5 of it: revoke that"),
        ({"close_authority": THIEF}, f"{THIEF} may close its account"),
        ({"state": TokenAccountState.Frozen}, "its account is frozen by the token's issuer"),
    ],
)
async def test_what_others_may_do_with_a_token_account_is_told(state: dict[str, object], text: str) -> None:
    node = PlayedNode()
    fields: dict[str, object] = {
        "delegate": None,
        "state": TokenAccountState.Initialized,
        "delegated_amount": 0,
        "close_authority": None,
        **state,
    }
    account = TokenAccount(
        USDC.mint,
        WALLET,
        7,
        fields["delegate"],  # type: ignore[arg-type]
        fields["state"],  # type: ignore[arg-type]
        None,
        fields["delegated_amount"],  # type: ignore[arg-type]
        fields["close_authority"],  # type: ignore[arg-type]
    )
    node.svm.set_account(own(USDC), Account(2_039_280, bytes(account), TOKEN))
    assert bad(await wallet_findings(node, str(WALLET), ASSETS, PRIORITY)) == {"wallet W: USDC": text}


async def test_a_node_that_does_not_answer_says_nothing_of_a_wallet() -> None:
    assert bad(await wallet_findings(Away(), str(WALLET), ASSETS, PRIORITY)) == {
        "wallet W": "cannot be looked at: took too long"
    }


@frozen
class Signing:
    """One wallet, whose signer may be away."""

    public_key: str = str(WALLET)
    away: bool = False

    def of(self, user_id: str) -> Signer:
        return self

    def named(self, public_key: str) -> Signer:
        assert public_key == self.public_key
        return self

    async def sign(self, message: bytes) -> bytes:
        assert message == OFF_CHAIN
        if self.away:
            raise SignerUnavailable("answered 503")
        return bytes(64)


async def test_a_signer_is_tried_with_what_is_no_transaction() -> None:
    assert await signing_finding(Signing(), str(WALLET)) == Finding(f"wallet {WALLET}: signer", Health.OK, "signs")
    found = await signing_finding(Signing(away=True), str(WALLET))
    assert (found.health, found.text) == (
        Health.WARNING,
        "did not sign a few words that are no transaction: answered 503",
    )
    with pytest.raises(ValueError, match="Invalid tag encoding"):
        from_bytes_versioned(OFF_CHAIN)
