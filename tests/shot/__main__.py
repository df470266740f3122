"""The documentation's pictures: the demo fleet in a real terminal, keys pressed, screens kept.

python -m tests.shot [FOLDER]        writes NAME.png into docs/img by default
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.shot.picture import png
from tests.terminal import Terminal, inherited

COLUMNS, ROWS = 120, 32
PROGRAM = """
from console.app import run
from console.sessions import DemoSession
run(DemoSession(seed=7))
"""


def take(folder: Path) -> list[Path]:
    """Walk through the demo and keep the pictures; returns their paths."""
    taken: list[Path] = []

    def keep(name: str, terminal: Terminal) -> None:
        terminal.watch(2.0)  # a live screen never stands still; glows are over by then
        pixels = folder / f"{name}.png"
        png(terminal.screen, pixels)
        taken.append(pixels)

    with Terminal(
        [sys.executable, "-c", PROGRAM], inherited(COLORTERM="truecolor"), size=(COLUMNS, ROWS)
    ) as terminal:
        terminal.expect("3/3 live")
        keep("fleet", terminal)
        steps: list[tuple[str, list[str], str]] = [
            ("pods", [":pods !Completed --sort READY", "enter"], "READY↑"),
            ("problems", ["z"], "problems only"),
            ("describe", ["d"], "(describe)"),
            ("yaml", ["y"], "(yaml)"),
            ("", ["q"], "problems only"),
            ("timeline", ["j", "j", "j", "v"], "/events"),
            ("", ["q"], "problems only"),
            ("topology", ["t"], "(tree)"),
            ("", ["q"], "problems only"),
            ("logs", ["l"], "lines"),
            ("", ["q"], "problems only"),
            ("delete", ["D"], "Keep everything"),
        ]
        for name, keys, sign in steps:
            terminal.press(*keys)
            terminal.expect(sign)
            if name:
                keep(name, terminal)
        terminal.press("esc", "ctrl+q")
        terminal.wait_for_end()
    return taken


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[2] / "docs" / "img"
    folder.mkdir(parents=True, exist_ok=True)
    for path in take(folder):
        print(f"{path.name}  {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
