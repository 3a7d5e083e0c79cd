"""How many orders a second one API accepts whose clients show an API key, or a JWT; beside no log-in, in each round."""

import asyncio
import json
import time

from attrs import asdict, frozen

from benchmarks.load import LoadResult, load
from benchmarks.options import Options
from benchmarks.report import Figure, Report, Usage
from benchmarks.rig import Rig
from benchmarks.usage import Meter
from tests.processes import finished
from tests.tokens import AUDIENCE, ISSUER, Signer, write_keys

_WAYS = ("none", "api-key", "jwt")
_SCOPES = ("orders:write", "users:any")  # the load's orders are of many users


@frozen
class Way:
    """How clients get in: the API's settings, and what they show."""

    settings: dict[str, str]
    credential: str | None = None


@frozen
class Window:
    """One API under load."""

    load: LoadResult
    meter: Meter


async def run(options: Options) -> Report:
    """Measure all three in each round, each in a fresh process on empty tables."""
    windows: dict[str, list[Window]] = {name: [] for name in _WAYS}
    async with Rig() as rig:
        await rig.make_ready()
        ways = await asyncio.to_thread(_ways, rig)
        for number in range(options.rounds):
            for name in _WAYS if number % 2 == 0 else reversed(_WAYS):  # none is always the first
                windows[name].append(await _window(rig, ways[name], options))
    return _report(windows)


def _ways(rig: Rig) -> dict[str, Way]:
    pepper, keys = rig.folder / "pepper", rig.folder / "jwks.json"
    settings = {"POSTGRES_URL": rig.postgres_url, "KEY_PEPPER_FILE": str(pepper)}
    scopes = [word for scope in _SCOPES for word in ("--scope", scope)]
    made = finished("keys", "create", "--owner", "load", *scopes, "--json", settings=settings)
    signer = Signer.new("bench", "RS256")
    write_keys(keys, signer)
    return {
        "none": Way({}),
        "api-key": Way({"AUTH": "api-key", "KEY_PEPPER_FILE": str(pepper)}, json.loads(made.stdout)["key"]),
        "jwt": Way(
            {"AUTH": "jwt", "JWT_JWKS_FILE": str(keys), "JWT_ISSUER": ISSUER, "JWT_AUDIENCE": AUDIENCE}, _token(signer)
        ),
    }


def _token(signer: Signer) -> str:
    now = int(time.time())
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "load", "iat": now, "exp": now + 3600}
    return signer.token({**said, "scope": " ".join(_SCOPES)})


async def _window(rig: Rig, way: Way, options: Options) -> Window:
    await rig.reset()
    async with rig.process("api", **way.settings) as api:
        await load(api.url, seconds=options.warm_up_seconds, credential=way.credential)
        with rig.meter() as meter:
            measured = await load(api.url, seconds=options.seconds, credential=way.credential)
    return Window(measured, meter)


def _report(windows: dict[str, list[Window]]) -> Report:
    rates = {name: [window.load.per_second for window in of_one] for name, of_one in windows.items()}
    refused = [window.load.not_accepted for of_one in windows.values() for window in of_one]
    report = Report("credentials", "orders accepted by who asks, 64 connections, 1 API process")
    report.figures = [
        Figure.beside(f"accepted with {name}", "orders/s", rates[name], "none", rates["none"], at_least=0.9)
        for name in ("api-key", "jwt")
    ]
    report.figures.append(Figure.alone("not accepted", "orders", refused, at_most=0))
    report.usages = [
        Usage.of(name, [(window.meter, window.load.requests) for window in of_one]) for name, of_one in windows.items()
    ]
    report.notes = [f"load: {windows['none'][0].load.tool}"]
    report.rounds = [
        {name: asdict(of_one[number].load) for name, of_one in windows.items()} for number in range(len(refused) // 3)
    ]
    return report
