"""What a venue that means harm makes of its answers; the ledger has the truth."""

import gzip

from attrs import evolve
from falcon.asgi import Response

from domain.transaction import Fill, TransactionReport
from simulators.venue.faults import Harm, Spoilt

FLOOD_BYTES = 10_000_000
SHARED_HASH = "tx_shared_mock"


def twisted(report: TransactionReport, fault: Spoilt | None) -> TransactionReport:
    """Return what is said of a transaction: half of what came out, or the truth."""
    fill = report.fill
    if fill is None or fault is not Harm.LOW_FILL:
        return report
    return evolve(report, fill=Fill(fill.amount_in, fill.amount_out / 2, fill.venue_fee / 2))


def send(resp: Response, answer: bytes, fault: Spoilt | None) -> None:
    """Answer, in a way that is a client's trouble if there is such a fault."""
    match fault:
        case Harm.FLOOD:
            answer += b" " * FLOOD_BYTES
        case Harm.PACKED:
            resp.set_header("Content-Encoding", "gzip")
            answer = gzip.compress(answer + b" " * FLOOD_BYTES)
        case Harm.OTHER_HASH:
            answer = answer.replace(b'"txHash":"', b'"txHash":"x', 1)
        case Harm.OTHER_ORDER:
            answer = answer.replace(b"{", b'{"orderId":"another",', 1)
    resp.data = answer
