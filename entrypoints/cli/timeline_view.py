"""Three ways to show an order's timeline: drawn live on a terminal, line by line on a pipe, as JSON to a script."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import typer
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from entrypoints.cli.output import (
    cell,
    complain,
    console,
    in_symbols,
    json_text,
    on_terminal,
    plainly,
    say,
    swap_of,
)
from entrypoints.cli.timeline import Step, Timeline, duration, policy_of
from order_engine_client import Back, Frame, Lost

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

STYLES = {"pending": "dim", "resting": "magenta", "routing": "cyan", "building": "blue", "submitted": "yellow"}
FINAL_STYLES = {"confirmed": "green", "failed": "red"}
NO_SYMBOLS: Mapping[str, str] = MappingProxyType({})


class TimelineView(Protocol):
    """Shows what happens to an order that is followed."""

    def show(self, news: Frame | Lost | Back) -> None:
        """Show the next thing."""
        ...

    def end(self) -> None:
        """Finish, whatever came: the final frame, or an error."""
        ...


def view_for_reader(*, as_json: bool, symbols: Callable[[], Mapping[str, str]]) -> TimelineView:
    """Return the one that fits who reads; people read what tokens are called."""
    if as_json:
        return Json()
    return Drawn(symbols=symbols()) if on_terminal() else Lines(symbols())


class Json:
    """Prints frames as they came."""

    def show(self, news: Frame | Lost | Back) -> None:
        if isinstance(news, Frame):
            typer.echo(json_text(news.raw))
        else:
            complain(sentence(news))

    def end(self) -> None:
        """Do nothing."""


class Lines:
    """Prints a line for each step, and one for the outcome."""

    def __init__(self, symbols: Mapping[str, str] = NO_SYMBOLS) -> None:
        self._timeline = Timeline()
        self._symbols = symbols

    def show(self, news: Frame | Lost | Back) -> None:
        if not isinstance(news, Frame):
            complain(sentence(news))
            return
        step = self._timeline.add(news)
        if news.seq == 0:
            say(_asked(news, self._symbols).plain)
        policy = policy_of(news)
        by = f"  by {policy}" if policy else ""
        say(cell(f"{'+' + duration(step.at):>10}  {news.status:<9}  {news.message}{by}").plain)
        if outcome := self._timeline.outcome():
            say(cell(outcome).plain)

    def end(self) -> None:
        """Do nothing."""


class Drawn:
    """Draws the timeline in place: the step in progress has a spinner, and counts."""

    def __init__(self, screen: "Console | None" = None, symbols: Mapping[str, str] = NO_SYMBOLS) -> None:
        self.timeline = Timeline()
        self._symbols = symbols
        self._spinner = Spinner("dots", style="cyan")
        self._trouble: Lost | None = None
        self._times_lost = 0
        self._live = Live(
            self, console=screen or console(soft_wrap=False), refresh_per_second=12, vertical_overflow="visible"
        )
        self._live.start()

    def show(self, news: Frame | Lost | Back) -> None:
        match news:
            case Frame():
                self.timeline.add(news)
                self._trouble = None
            case Lost():
                self._times_lost += self._trouble is None
                self._trouble = news
            case Back():
                self._trouble = None
        self._live.refresh()

    def end(self) -> None:
        """Leave the last picture on the screen."""
        self._live.stop()

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        if self.timeline.birth is not None:
            yield _asked(self.timeline.birth, self._symbols)
        steps = Table.grid(padding=(0, 2, 0, 0))
        for justify in ("left", "right", "left", "left", "right"):
            steps.add_column(justify=justify, no_wrap=justify == "right")
        for step in self.timeline.steps():
            steps.add_row(*self._row(step, going=self._live.is_started))
        yield steps
        yield from self._notes()

    def _row(self, step: Step, *, going: bool) -> "tuple[Text | Spinner, ...]":
        frame = step.frame
        style = {**STYLES, **FINAL_STYLES}.get(frame.status, "")
        mark: Text | Spinner = Text("✗", "red") if frame.status == "failed" else Text("✓", "green")
        if step.current:
            mark = self._spinner if going and self._trouble is None else Text("·", "dim")
        took = "" if frame.final else duration(step.took)
        message = cell(frame.message, "bold" if step.current else "").append_text(_detail(frame))
        return mark, cell(f"+{duration(step.at)}", "dim"), cell(frame.status, style), message, cell(took, "dim")

    def _notes(self) -> "RenderResult":
        if self._trouble is not None:
            yield cell(sentence(self._trouble), "yellow")
        elif self._times_lost:
            often = "once" if self._times_lost == 1 else f"{self._times_lost} times"
            yield cell(f"The connection was lost {often} and is back; no step was missed.", "dim")
        last, outcome = self.timeline.last, self.timeline.outcome()
        if last is not None and outcome is not None:
            yield Text()
            yield cell(outcome, f"bold {FINAL_STYLES[last.status]}")


def sentence(news: Lost | Back) -> str:
    """Say what became of the connection."""
    if isinstance(news, Back):
        return "Connected again."
    since = "" if news.after_seq is None else f" after step {news.after_seq} (afterSeq={news.after_seq})"
    return f"Connection lost ({news.why}): connecting again{since} ..."


def _asked(birth: Frame, symbols: Mapping[str, str]) -> Text:
    order = in_symbols(birth.raw, symbols)
    return cell(f"{swap_of(order)} for {order.get('userId')}", "bold").append_text(
        cell(f"   {order.get('orderId')}", "dim")
    )


def _detail(frame: Frame) -> Text:
    """Return what is said beside a step's message: the attempt when it is not the first, the policy, the price."""
    parts = [f"attempt {frame.attempt}"] if frame.attempt > 1 and frame.status == "routing" else []
    if policy := policy_of(frame):
        parts.append(f"by {policy}")
    if price := frame.raw.get("executionPrice"):
        parts.append(f"at {plainly(price)}")
    return cell(f"  {', '.join(parts)}" if parts else "", "dim")
