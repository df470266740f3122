"""What ``volume watch`` puts on a terminal fits there, whatever is in it."""

from __future__ import annotations

import os

import pytest

from backend.text import cells
from console.cli.engine import watching


@pytest.mark.parametrize("size", [(80, 24), (20, 6), (200, 50)])
def test_it_fits(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    monkeypatch.setattr(watching.shutil, "get_terminal_size", lambda: os.terminal_size(size))
    block = "\n".join([f"{at} " + "日本語" * 40 for at in range(60)]) + "\n"
    shown = watching._fitting(block).rstrip("\n").split("\n")
    assert len(shown) < size[1]
    assert all(cells(line) <= size[0] for line in shown)
    assert shown[-1] == f"… {60 - size[1] + 2} more lines"
    assert shown[0].startswith("0 日")
    assert watching._fitting("short\n") == "short\n"
