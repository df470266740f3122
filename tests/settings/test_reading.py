"""A settings file as people write it: what is right counts, what is wrong is named with its line."""

from __future__ import annotations

import pytest

from console.settings.checks import THOROUGH
from console.settings.lines import line_of
from console.settings.reading import read
from console.settings.schema import Values

FILE = """\
# mine
theme = "mono"
mouse = "yes"          # line 3: no boolean

[keys]
help = "f1"
describe = "y"         # line 7: means yaml already
"table.up" = "up,f9"
nonsense = "f9"        # line 9

[tables.pods]
shown = ["IP"]
sortt = "AGE"          # line 13

[favourites]
1 = "/Crash"
2 = "/("               # line 17
0 = "/x"               # line 18

[aliases]
crash = "pods /Crash"
pods = "nodes"         # line 22

[commands.ok]
run = ["echo", "{name}"]

[commands.bad]
run = ["sh", "-c", "echo {name}"]
"""


def test_what_is_right_counts_and_what_is_wrong_is_named() -> None:
    found = read(FILE, THOROUGH)
    values = found.values
    assert found.readable
    assert (values.theme, values.mouse) == ("mono", True)
    assert values.keys == {"help": "f1", "table.up": "up,f9"}
    assert values.tables["pods"].shown == ("IP",)
    assert values.favourites == {"1": "/Crash"}
    assert values.aliases == {"crash": "pods /Crash"}
    assert list(values.commands) == ["ok"]
    said = {problem.line: str(problem.reason) for problem in found.problems}
    assert set(said) == {3, 7, 9, 13, 17, 18, 22, 27}
    assert said[3] == "this must be true or false"
    assert "describe" in said[7]
    assert "yaml" in said[7]
    assert "did you mean sort?" in said[13]
    assert "1 to 9" in said[18]
    assert "part of a script" in said[27]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("theme = \n", 1, "not TOML"),
        ('theme = "a"\n[keys\n', 2, "not TOML"),
        ("a = " + "[" * 100_000, None, "nested"),
    ],
)
def test_what_is_no_toml_at_all_is_readable_as_nothing(text: str, line: int | None, reason: str) -> None:
    found = read(text, THOROUGH)
    assert not found.readable
    assert found.values == Values()
    assert found.problems[0].line == line
    assert reason in found.problems[0].reason


@pytest.mark.parametrize(
    "text",
    ["keys = 3", "tables = []", "[tables]\npods = 1", "[commands.x]\ntitle = 'a'", "commands.x.run = []"],
)
def test_a_table_that_is_none_costs_only_itself(text: str) -> None:
    found = read(f"glow = false\n{text}\n", THOROUGH)
    assert found.values == Values(glow=False)
    assert len(found.problems) == 1


def test_keys_that_are_swapped_are_no_conflict() -> None:
    assert read('[keys]\ndescribe = "y"\nyaml = "d"\n', THOROUGH).problems == ()


def test_two_choices_for_one_key_refuse_the_later_one() -> None:
    found = read('[keys]\nhelp = "f5"\nerror = "f5"\n', THOROUGH)
    assert found.values.keys == {"help": "f5"}
    assert "would mean error (error detail) and help (help, every screen) at once" in found.problems[0].reason


def test_keys_of_screens_that_are_never_together_may_be_the_same() -> None:
    assert (
        read('[keys]\n"fleet.import" = "x"\n', THOROUGH).problems == ()
    )  # x reveals a value on another screen


def test_a_program_s_key_conflicts_like_any_other() -> None:
    found = read('[commands.go]\nrun = ["go"]\nkey = "d"\n', THOROUGH)
    assert found.problems[0].path == ("commands", "go", "key")
    assert found.values.commands["go"].key == ""


def test_hostile_text_in_a_message_is_inert() -> None:
    found = read('"\\u001b[31m" = 1\n', THOROUGH)
    assert "\x1b" not in found.problems[0].sentence


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 1),
        (("b", "c"), 3),
        (("b", "d.e"), 4),
        (("f", "g", "h"), 6),
        (("b", "missing"), 2),
        (("nowhere",), None),
    ],
)
def test_where_a_key_stands(path: tuple[str, ...], line: int | None) -> None:
    text = 'a = 1\n[b]  # comment\nc = 2\n"d.e" = 3\n[f.g]\nh = 4\n'
    assert line_of(text, path) == line
