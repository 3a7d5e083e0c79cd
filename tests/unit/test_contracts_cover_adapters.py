"""Every adapter of every port runs its port's contract suite."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Protocol

import adapters
import application.ports as ports
from application.ports.api_keys import ApiKeys
from application.ports.audit import Audit
from application.ports.authenticator import Authenticator
from application.ports.executions import Executions
from application.ports.finality import UnsettledSwaps
from application.ports.limit_reports import LimitReports
from application.ports.order_counts import OrderCounts
from application.ports.order_queue import OrderQueue
from application.ports.order_store import IdRanges, OrderStore
from application.ports.partial_halts import PartialHalts
from application.ports.queue_operations import QueueOperations
from application.ports.signer import Signer, Wallets
from application.ports.system import StoreClock
from application.ports.tickets import Tickets
from application.ports.token_registry import TokenRegistry
from application.ports.trading_halts import TradingHalts
from application.ports.update_feed import UpdateFeed
from application.ports.venue import Venue
from application.ports.venue_history import VenueHistory
from application.ports.webhooks import WebhookEndpoints, WebhookOutbox, WebhookSender
from application.ports.workers import Workers
from application.ports.write_marks import WriteMarks

TESTS = Path(__file__).parents[1]
SUITES = {
    Audit: "AuditContract",
    ApiKeys: "ApiKeysContract",
    Authenticator: "AuthenticatorContract",
    Executions: "ExecutionsContract",
    IdRanges: "IdRangesContract",
    LimitReports: "LimitReportsContract",
    OrderCounts: "OrderCountsContract",
    OrderQueue: "OrderQueueContract",
    OrderStore: "OrderStoreContract",
    PartialHalts: "PartialHaltsContract",
    QueueOperations: "QueueOperationsContract",
    Signer: "SignerContract",
    StoreClock: "StoreClockContract",
    Tickets: "TicketsContract",
    TokenRegistry: "TokenRegistryContract",
    TradingHalts: "TradingHaltsContract",
    UnsettledSwaps: "UnsettledSwapsContract",
    UpdateFeed: "UpdateFeedContract",
    Venue: "VenueContract",
    VenueHistory: "VenueHistoryContract",
    Wallets: "WalletsContract",
    Workers: "WorkersContract",
    WebhookEndpoints: "WebhookEndpointsContract",
    WebhookOutbox: "WebhookOutboxContract",
    WebhookSender: "WebhookSenderContract",
    WriteMarks: "WriteMarksContract",
}
OF_SOME = {
    VenueHistory,  # no adapter needs it, and a venue in memory forgets with its process
    WebhookSender,  # there is nobody in memory to send to
    Wallets,  # the same ones hold keys in memory and ask over HTTP
}
WITHOUT_SUITE = {
    *("Clock", "CorrectedClock", "Ids"),  # tests/unit/test_system.py tests their only adapters
    "Finalities",
}


def modules_of(package: ModuleType) -> list[ModuleType]:
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [importlib.import_module(module.name) for module in found]


def ports_of_the_application() -> set[type]:
    members = (member for module in modules_of(ports) for _, member in inspect.getmembers(module, inspect.isclass))
    return {member for member in members if getattr(member, "_is_protocol", False) and member is not Protocol}


def methods_of(port: type) -> set[str]:
    return {name for name, member in vars(port).items() if not name.startswith("_") and callable(member)}


def adapters_of(port: type) -> set[str]:
    members = (member for module in modules_of(adapters) for _, member in inspect.getmembers(module, inspect.isclass))
    ours = (member for member in members if member.__module__.startswith("adapters."))
    return {member.__name__ for member in ours if methods_of(port) <= set(dir(member))}


def suites_and_what_they_name() -> dict[str, set[str]]:
    """Map each suite to all names used in modules that have a test class derived from it."""
    used: dict[str, set[str]] = {suite: set() for suite in SUITES.values()}
    for path in (*TESTS.glob("unit/**/test_*.py"), *TESTS.glob("integration/**/test_*.py")):
        tree = ast.parse(path.read_text())
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name.startswith("Test"))
        for base in (base for node in classes for base in node.bases if isinstance(base, ast.Name)):
            if base.id in used:
                used[base.id] |= names
    return used


def test_every_port_has_a_suite() -> None:
    assert {port.__name__ for port in ports_of_the_application()} == {port.__name__ for port in SUITES} | WITHOUT_SUITE


def test_every_adapter_runs_its_ports_suite() -> None:
    used = suites_and_what_they_name()
    for port, suite in SUITES.items():
        found = adapters_of(port)
        assert len(found) >= (1 if port in OF_SOME else 2), f"{port.__name__} has lost an adapter: {found}"
        assert found <= used[suite], f"no {suite} for {found - used[suite]}"
