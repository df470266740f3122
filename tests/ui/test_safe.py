"""Cluster text reaches the screen as SafeStr through one door; hostile text stays inert everywhere."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import console
from backend.text import SafeStr
from console.application import NavarchApp
from console.theme import Tone, palette
from console.widgets.paint import Piece, paint, plain
from tests.ui.double import FleetDouble, SessionDouble, pod, secret
from tests.ui.seeing import screen_text, see, write

HOSTILE = "x\x1b]52;c;Y2FuYXJ5\x07\x1b[2J[@click=app.leave]boom[/]\u202ecba\u200b\n\r\x9b31m漢"


def modules() -> Iterator[tuple[Path, ast.Module]]:
    root = Path(console.__file__).parent
    for path in sorted(root.rglob("*.py")):
        if "cli" not in path.relative_to(root).parts:
            yield path.relative_to(root), ast.parse(path.read_text("utf-8"))


def test_textual_widgets_that_read_markup_are_not_used() -> None:
    """``Input`` shows what its user types; every other widget that shows text is our own."""
    used: dict[str, set[str]] = {}
    for path, tree in modules():
        for found in ast.walk(tree):
            if isinstance(found, ast.ImportFrom) and (found.module or "").startswith("textual.widgets"):
                used.setdefault(str(path), set()).update(alias.name for alias in found.names)
            if isinstance(found, ast.ImportFrom) and found.module in (
                "rich.text",
                "rich.markup",
                "rich.table",
            ):
                used.setdefault(str(path), set()).add(str(found.module))
    assert {name for names in used.values() for name in names} == {"Input"}


def test_segments_are_made_in_one_place_only() -> None:
    makers = {
        str(path)
        for path, tree in modules()
        for found in ast.walk(tree)
        if isinstance(found, ast.Name) and found.id in ("Segment", "Text")
    }
    assert makers == {"widgets/paint.py"}


def test_no_toast_no_markup_no_update_with_text() -> None:
    wrong = [
        f"{path}:{found.lineno}"
        for path, tree in modules()
        for found in ast.walk(tree)
        if isinstance(found, ast.Call)
        and isinstance(found.func, ast.Attribute)
        and found.func.attr in ("notify", "from_markup", "update_content")
    ]
    assert wrong == []


CUTTERS = {
    "screens/log_sources.py",
    "screens/states.py",
    "settings/store.py",
    "user_commands/running.py",
    "widgets/chart.py",
    "widgets/colouring.py",
    "widgets/diagram.py",
    "widgets/log_lines.py",
    "widgets/log_pane.py",
    "widgets/paint.py",
    "widgets/table_layout.py",
    "widgets/table_lines.py",
}
"""They call something SafeStr that is no literal: a part of safe text, or blanks. A cast is no door: a new
file belongs here only when what it casts has passed ``safe_text`` before."""
WRITERS = {"screens/login.py", "terminal/driver.py", "terminal/lending.py", "terminal/quiet_app.py"}
"""They write to the terminal past Textual: how it is left as it was, and what is said while it is lent."""
PRINTERS = set(
    """acting acts asking attaching blast completion credential demo describe edit event_listing
    event_timeline explaining failures fleet fleet_output importing journal kubeconfig local main open
    opening pool programs rights_options root settings showing tables topology topology_text topping
    vault watching yaml""".split()  # noqa: SIM905
)
"""Modules of the command line that write themselves, and not by ``say`` or a table. A new one belongs here
when the commands that use it are walked in tests/hostile (test_commands.py, test_engine.py)."""
_TITLES = ("border_title", "border_subtitle", "tooltip", "sub_title", "placeholder")


def literal(value: ast.expr) -> bool:
    """Written in the program itself: a text, or a text so many times."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
        return literal(value.left)
    return isinstance(value, ast.Constant)


def called(found: ast.AST) -> str:
    """``f`` of ``f(…)`` and of ``a.f(…)``; nothing of what is no call."""
    if not isinstance(found, ast.Call):
        return ""
    return getattr(found.func, "id", "") or getattr(found.func, "attr", "")


def everywhere(wrong: Callable[[ast.AST], bool], *, cli: bool = False) -> dict[str, int]:
    """Files of the console with such a piece of program, and its first line."""
    root = Path(console.__file__).parent
    where: dict[str, int] = {}
    for path in sorted((root / "cli" if cli else root).rglob("*.py")):
        name = path.relative_to(root)
        if cli or "cli" not in name.parts:
            lines = [
                getattr(n, "lineno", 0) for n in ast.walk(ast.parse(path.read_text("utf-8"))) if wrong(n)
            ]
            where |= {path.stem if cli else str(name): line for line in lines[:1]}
    return where


def test_only_cutting_calls_a_text_safe_that_is_no_literal() -> None:
    found = everywhere(lambda n: called(n) == "SafeStr" and not all(map(literal, n.args)))  # type: ignore[attr-defined]
    assert set(found) == CUTTERS


def test_textual_s_content_takes_safe_text_only() -> None:
    found = everywhere(
        lambda n: called(n) == "Content" and [called(a) for a in n.args] != ["safe_text"]  # type: ignore[attr-defined]
    )
    assert found == {}


def test_titles_that_textual_reads_as_markup_get_none_of_it() -> None:
    def wrong(found: ast.AST) -> bool:
        if not isinstance(found, ast.Assign):
            return False
        named = any(isinstance(t, ast.Attribute) and t.attr in _TITLES for t in found.targets)
        return named and not (literal(found.value) or "Content(" in ast.unparse(found.value))

    assert everywhere(wrong) == {}


def test_lines_are_painted_by_one_widget_only() -> None:
    """Every other widget composes pieces; ``render`` would hand Textual a text to read markup in."""
    makers = everywhere(
        lambda n: isinstance(n, ast.FunctionDef) and n.name in ("render", "render_line", "render_lines")
    )
    assert set(makers) == {"widgets/lines.py"}
    assert set(everywhere(lambda n: isinstance(n, ast.Name) and n.id == "Strip")) == {
        "widgets/lines.py",
        "widgets/paint.py",
    }


def writes(found: ast.AST) -> bool:
    """``print(…)``, ``sys.stdout.write(…)``, ``typer.echo(…)``, ``os.write(…)``."""
    if not isinstance(found, ast.Call):
        return False
    whole = ast.unparse(found.func)
    streams = ("sys.stdout.", "sys.stderr.", "sys.__stdout__.", "sys.__stderr__.")
    telling = whole.startswith(streams) and whole.endswith((".write", ".writelines"))
    return telling or whole in ("print", "typer.echo", "os.write", "click.echo", "typer.secho")


def test_the_console_writes_to_its_terminal_by_textual_only() -> None:
    assert set(everywhere(writes)) == WRITERS


def test_the_command_line_writes_by_doors_that_are_walked() -> None:
    assert set(everywhere(writes, cli=True)) == PRINTERS


def test_a_plain_str_is_refused_by_the_painter() -> None:
    piece = Piece("fine")
    piece.text = "[b]not safe[/]"  # type: ignore[assignment]
    with pytest.raises(TypeError, match="SafeStr"):
        paint([piece], 20, palette("navarch-dark"))


def test_a_piece_makes_any_text_safe() -> None:
    piece = Piece(HOSTILE, Tone.TEXT)
    assert type(piece.text) is SafeStr
    assert not any(character in piece.text for character in "\x1b\x07\x9b\u202e\u200b\n\r")
    assert "[@click=app.leave]" in plain([piece])


def hostile_session() -> SessionDouble:
    bad = pod("x", "pay")
    bad["metadata"]["name"] = HOSTILE
    bad["metadata"]["labels"] = {HOSTILE: HOSTILE}
    bad["metadata"]["annotations"] = {"note": HOSTILE * 40}
    bad["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": HOSTILE, "message": HOSTILE}}
    hidden = secret("s", "pay", key="value")
    hidden["metadata"]["name"] = HOSTILE
    event = {
        "kind": "Event",
        "metadata": {"name": "e", "namespace": "pay", "uid": "e"},
        "type": "Warning",
        "reason": HOSTILE,
        "message": HOSTILE,
        "involvedObject": {"kind": "Pod", "name": HOSTILE},
        "lastTimestamp": "2026-09-21T14:00:00Z",
    }
    objects: dict[str, list[dict[str, Any]]] = {
        "pods": [bad],
        "nodes": [],
        "secrets": [hidden],
        "events": [event],
    }
    return SessionDouble(FleetDouble(objects, names=(f"c-{HOSTILE}",)))


def inert(app: NavarchApp) -> str:
    text = screen_text(app)
    assert not any(c in text for c in "\x1b\x07\x9b\u202e\u200b\r\u0007"), "a control reached the screen"
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            assert segment.style is None or not segment.style.meta.get("@click"), "markup became an action"
    return text


async def test_hostile_names_on_every_screen(open_app: Callable[..., NavarchApp]) -> None:
    session = hostile_session()
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "1 cluster", "boom")
        inert(app)
        await write(pilot, ":pods")
        await pilot.press("enter")
        await see(pilot, "· 1 row", "boom")
        inert(app)
        for key, sign in (
            ("S", "1/1 live"),
            ("O", "Order by"),
            ("C", "Columns"),
            ("question_mark", "Keys that work"),
        ):
            await pilot.press(key)
            await see(pilot, sign)
            inert(app)
            await pilot.press("escape")
        await pilot.press("D")
        await see(pilot, "Keep everything", "U+")
        inert(app)
        await pilot.press("escape")
        for keys, sign in ((("d",), "(describe)"), (("y",), "(yaml)"), (("d", "tab", "tab"), "(events)")):
            await pilot.press(*keys)
            await see(pilot, sign, "boom")
            inert(app)
        await pilot.press("ctrl+p")
        await see(pilot, "Find")
        inert(app)
        await pilot.press("escape")
        await write(pilot, ":secrets")
        await pilot.press("enter")
        await see(pilot, "fleet/secrets", "Opaq")
        inert(app)
        assert app.is_running
