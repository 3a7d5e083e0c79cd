"""Run benchmarks: `python -m benchmarks [names] [--rounds 3] [--quick] [--strict]`; without names all short ones."""

import argparse
import asyncio
import os
import platform
import signal
from collections.abc import Sequence

import uvloop
from rich.console import Console

from benchmarks.options import Options
from benchmarks.registry import BENCHMARKS, LONG, benchmark

STOPPED = 130


async def run(names: Sequence[str], options: Options, console: Console) -> tuple[list[str], list[str]]:
    """Run these, print and write what each found; return which broke, and which missed a target."""
    if this := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)  # so that nothing outlives us
    broken: list[str] = []
    missed: list[str] = []
    for name in names:
        console.print(f"{name} ...", style="dim")
        try:
            report = await benchmark(name)(options)
        except Exception:  # the others are still worth running
            console.print_exception(extra_lines=0, max_frames=4)
            broken.append(name)
            continue
        report.print(console)
        report.write()
        missed += [] if report.ok else [name]
    return broken, missed


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=3, help="how often to measure (default 3); medians count")
    parser.add_argument("--quick", action="store_true", help="measure less, to try things out")
    parser.add_argument("--minutes", type=int, default=10, help="how long the soak lasts (default 10)")
    parser.add_argument("--strict", action="store_true", help="end with 1 when a target was missed")
    parser.add_argument("--list", action="store_true", help="say what there is")
    options = parser.parse_args()
    console = Console(soft_wrap=True, highlight=False)
    if options.list:
        for name, what in BENCHMARKS.items():
            console.print(f"  {name:12} {what}{' (only when named)' if name in LONG else ''}")
        return 0
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    console.print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    )
    chosen = Options(options.rounds, options.quick, options.minutes)
    names = options.names or [name for name in BENCHMARKS if name not in LONG]
    try:
        broken, missed = uvloop.run(run(names, chosen, console))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return STOPPED
    return 1 if broken or (missed and options.strict) else 0


if __name__ == "__main__":
    raise SystemExit(main())
