"""A transaction as nodes write it in JSON."""

from typing import Any

from solders.message import MessageV0
from solders.transaction import VersionedTransaction

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def transaction_json(sent: VersionedTransaction) -> dict[str, Any]:
    """Return it with its parts apart."""
    message = sent.message
    body: dict[str, Any] = {
        "header": _header(sent),
        "accountKeys": [str(key) for key in message.account_keys],
        "recentBlockhash": str(message.recent_blockhash),
        "instructions": [
            {
                "programIdIndex": each.program_id_index,
                "accounts": list(bytes(each.accounts)),
                "data": _base58(bytes(each.data)),
                "stackHeight": 1,
            }
            for each in message.instructions
        ],
    }
    if isinstance(message, MessageV0):
        body["addressTableLookups"] = _lookups(message)
    return {"signatures": [str(each) for each in sent.signatures], "message": body}


def _header(sent: VersionedTransaction) -> dict[str, int]:
    header = sent.message.header
    return {
        "numRequiredSignatures": header.num_required_signatures,
        "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
        "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
    }


def _lookups(message: MessageV0) -> list[dict[str, Any]]:
    return [
        {
            "accountKey": str(each.account_key),
            "writableIndexes": list(bytes(each.writable_indexes)),
            "readonlyIndexes": list(bytes(each.readonly_indexes)),
        }
        for each in message.address_table_lookups
    ]


def _base58(data: bytes) -> str:
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text
