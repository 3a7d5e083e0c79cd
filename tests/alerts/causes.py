"""What each alert's cause looks like to Prometheus, beside a fleet that is well: series for `promtool test rules`."""

from collections.abc import Mapping

from attrs import frozen

STEP_SECONDS = 15
BEFORE, DURING, AFTER = 120, 120, 360  # samples: half an hour each, and an hour and a half
P = "order_engine_"
API, OTHER_API = 'job="order-engine-api",instance="a1"', 'job="order-engine-api",instance="a2"'
WORKER, OTHER_WORKER = 'job="order-engine-worker",instance="w1"', 'job="order-engine-worker",instance="w2"'
EVERYBODY = (API, OTHER_API, WORKER, OTHER_WORKER)
SWAP = "venue_call_duration_seconds_count"


@frozen
class Is:
    """A gauge that has this value while the cause lasts."""

    value: float


@frozen
class Rises:
    """A counter that rises by so much a second while the cause lasts."""

    by: float


Wrong = Is | Rises


def _latency(name: str, labels: str, bounds: tuple[str, ...]) -> dict[str, Wrong]:
    """Have a histogram's values all be below the first bound."""
    return {f'{P}{name}_bucket{{{labels},le="{bound}"}}': Rises(1) for bound in (*bounds, "+Inf")}


def _slow(name: str, labels: str, bounds: tuple[str, ...]) -> dict[str, Wrong]:
    """Have no new value be below a bound."""
    return {f'{P}{name}_bucket{{{labels},le="{bound}"}}': Rises(0) for bound in bounds}


ORDERS = ("order_duration_seconds", f'{WORKER},status="confirmed"', ("5.0", "20.0"))
ACCEPTS = ("http_request_duration_seconds", f'{API},route="/api/orders/execute"', ("0.1", "1.0"))
FLUSHES = ("batch_flush_duration_seconds", f'{WORKER},kind="append"', ("0.1", "1.0"))

# A fleet that is well. What is not among these is a counter or a gauge at 0.
WELL: Mapping[str, Wrong] = {
    **{f"up{{{who}}}": Is(1) for who in EVERYBODY},
    **{f"{P}{what}_up{{{who}}}": Is(1) for what in ("store", "queue") for who in EVERYBODY},
    f"{P}workers_alive{{{API}}}": Is(2),
    f"{P}worker_slots{{{WORKER}}}": Is(100),
    f'{P}workers{{{WORKER},taking="all"}}': Is(1),
    f"{P}stale_writes_refused_total{{{WORKER}}}": Rises(0),
    f"process_start_time_seconds{{{WORKER}}}": Is(1000),
    f'{P}step_duration_seconds_count{{{WORKER},step="route_chosen"}}': Rises(1),
    f'{P}orders_finished_total{{{WORKER},status="confirmed",reason=""}}': Rises(1),
    f'{P}{SWAP}{{{WORKER},venue="Raydium",call="quote",outcome="ok"}}': Rises(1),
    f'{P}http_request_duration_seconds_count{{{API},route="/api/orders/execute",status="202"}}': Rises(1),
    **_latency(*ORDERS),
    **_latency(*ACCEPTS),
    **_latency(*FLUSHES),
}

# One cause of each alert. `Is` and `Rises` are what is wrong while it lasts.
CAUSES: Mapping[str, Mapping[str, Wrong]] = {
    "TargetDown": {f"up{{{WORKER}}}": Is(0)},
    "NoWorker": {f"{P}workers_alive{{{API}}}": Is(0)},
    "NoApi": {f"up{{{who}}}": Is(0) for who in (API, OTHER_API)},
    "StoreAway": {f"{P}store_up{{{API}}}": Is(0)},
    "QueueAway": {f"{P}queue_up{{{WORKER}}}": Is(0)},
    "TradingHalted": {f"{P}trading_halted{{{API}}}": Is(1)},
    "VenueStopped": {f'{P}parts_halted{{{API},of="venue"}}': Is(1)},
    "ClientsLimited": {f'{P}limited_total{{{API},of="orders",by="user"}}': Rises(2)},
    "OrdersStandStill": {
        f'{P}queue_jobs{{{API},place="waiting"}}': Is(10),
        f'{P}step_duration_seconds_count{{{WORKER},step="route_chosen"}}': Rises(0),
    },
    "OrdersWait": {f"{P}oldest_pending_age_seconds{{{API}}}": Is(40)},
    "QueuePaused": {f"{P}queue_paused{{{API}}}": Is(1), f"{P}oldest_pending_age_seconds{{{API}}}": Is(40)},
    "DeadLetters": {f'{P}queue_jobs{{{API},place="buried"}}': Is(1)},
    "JobsFail": {f"{P}jobs_failed_total{{{WORKER}}}": Rises(0.1)},
    "OrdersFail": {f'{P}orders_finished_total{{{WORKER},status="failed",reason="slippage_exceeded"}}': Rises(0.5)},
    "OrdersSlow": _slow(*ORDERS),
    "VenueTrouble": {f'{P}{SWAP}{{{WORKER},venue="Raydium",call="quote",outcome="timeout"}}': Rises(1)},
    "SwapsUnknown": {f"{P}swap_outcomes_unknown_total{{{WORKER}}}": Rises(1)},
    "SwapsOverdue": {f"{P}swaps_overdue_total{{{WORKER}}}": Rises(1)},
    "VenueContradicts": {f"{P}venue_contradictions_total{{{WORKER}}}": Rises(0.01)},
    "SwapUndone": {f"{P}swaps_undone_total{{{WORKER}}}": Rises(0.01)},
    "SwapsUnsettled": {f"{P}swaps_unsettled_total{{{WORKER}}}": Rises(0.5)},
    "BuildsUnsafe": {f'{P}attempts_failed_total{{{WORKER},reason="unsafe_transaction"}}': Rises(0.01)},
    "WorkersFull": {f"{P}orders_in_flight{{{WORKER}}}": Is(98)},
    "WorkerCutOff": {f'{P}workers{{{WORKER},taking="none"}}': Is(1)},
    "LeasesTakenOver": {f"{P}lease_takeovers_total{{{WORKER}}}": Rises(0.1)},
    "LeasesLost": {f"{P}leases_lost_total{{{WORKER}}}": Rises(0.1)},
    "OrdersPutBack": {f"{P}orders_put_back_total{{{WORKER}}}": Rises(1)},
    "ApiErrors": {
        f'{P}http_request_duration_seconds_count{{{API},route="/api/orders/execute",status="503"}}': Rises(1)
    },
    "ApiSlow": _slow(*ACCEPTS),
    "FlushesSlow": _slow(*FLUSHES),
    "ClockSkewed": {f"{P}clock_skew_seconds{{{WORKER}}}": Is(-2)},
    "StoreFull": {f"{P}store_full_total{{{API}}}": Rises(1)},
    "IdsRunOut": {f'{P}id_range_used_ratio{{{API},table="orders"}}': Is(0.9)},
    "FramesDropped": {f"{P}frames_dropped_total{{{WORKER}}}": Rises(1)},
    "SocketsTooSlow": {f'{P}sockets_closed_total{{{API},code="1013"}}': Rises(2)},
    "OrdersUnreadable": {f"{P}orders_unreadable_total{{{API}}}": Rises(0.1)},
    "WebhookDisabled": {f"{P}webhooks_disabled_total{{{WORKER}}}": Rises(0.01)},
    "WebhooksFail": {
        f'{P}webhook_attempt_duration_seconds_count{{{WORKER},outcome="timeout"}}': Rises(1),
        f'{P}webhook_attempt_duration_seconds_count{{{WORKER},outcome="delivered"}}': Rises(0),
    },
    "ProcessesDie": {f"{P}api_processes_ended_total{{{API}}}": Rises(0.01)},
}


def series(wrong: Mapping[str, Wrong], during: int) -> list[dict[str, str]]:
    """Write all series for promtool: well, then wrong for so many samples, then well again."""
    quiet: dict[str, Wrong] = {
        name: Rises(0) if isinstance(what, Rises) else Is(0)
        for cause in CAUSES.values()
        for name, what in cause.items()
    }
    well = {**quiet, **WELL}
    return [{"series": name, "values": _values(well[name], wrong.get(name, well[name]), during)} for name in well]


def _values(well: Wrong, wrong: Wrong, during: int) -> str:
    after = BEFORE + DURING + AFTER - BEFORE - during
    if isinstance(well, Is) and isinstance(wrong, Is):
        parts = [(well.value, 0.0, BEFORE), (wrong.value, 0.0, during), (well.value, 0.0, after)]
    elif isinstance(well, Rises) and isinstance(wrong, Rises):
        usual, other = well.by * STEP_SECONDS, wrong.by * STEP_SECONDS
        then = usual * BEFORE + other * during
        parts = [(0, usual, BEFORE), (usual * BEFORE, other, during), (then, usual, after)]
    else:
        raise TypeError("a gauge is no counter")
    return " ".join(f"{start:g}+{step:g}x{count - 1}" for start, step, count in parts if count)
