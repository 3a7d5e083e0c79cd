"""Draws the README's terminal: a real `order-engine submit --watch`, as an SVG that loads nothing.

`python -m tests.docs.picture` writes docs/images/submit-watch.svg, from an engine at the mock venues' own delays.
"""

import io
import os
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.docs.pages import ROOT
from tests.docs.terminal import Shell
from tests.processes import PREFIX, running

PICTURE = ROOT / "docs" / "images" / "submit-watch.svg"
COMMAND = "order-engine submit SOL USDC 10 --user you --watch"
DELAYS = {"MOCK_QUOTE_MS": "200", "MOCK_BUILD_MS": "500", "MOCK_SWAP_MIN_MS": "2000", "MOCK_SWAP_MAX_MS": "3000"}
WIDTH = 92
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def draw(lines: list[str]) -> str:
    """Return the picture of a terminal with these lines, which may have colours; its fonts are the reader's own."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(Text.from_ansi(line), no_wrap=True)
    svg = console.export_svg(title="order-engine", theme=MONOKAI, unique_id="submit-watch")
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code, monospace", FONT)


def main() -> None:
    """Run the command on a terminal, and write what it drew."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX) and name != "NO_COLOR"}
    settings = {**DELAYS, "MOCK_FAILURE_RATE": "0"}
    with tempfile.TemporaryDirectory() as folder, running("dev", "--memory", settings=settings) as engine:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        variables = {**others, "PATH": path, "ORDER_ENGINE_URL": engine.url, "COLORTERM": "truecolor"}
        ended = Shell(Path(folder), variables, Path(folder) / "state").run(COMMAND)
    assert ended.code == 0, ended.lines
    PICTURE.write_text(draw([f"\x1b[1;32m$\x1b[0m {COMMAND}", *ended.drawn]))


if __name__ == "__main__":
    main()
