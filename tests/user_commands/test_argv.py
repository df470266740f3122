"""Fields become arguments, whatever they hold: nothing a cluster calls its objects is read by a shell."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.user_commands.argv import BadField, filled, why_not

HOSTILE = ["$(touch pwned)", "`touch pwned`", "x; touch pwned", "a b", "'\"", "*", "{namespace}", "é🎈"]
SHOW = [sys.executable, "-c", "import sys; print(sys.argv[1:])", "{name}", "--at={namespace}"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_one_argument(name: str) -> None:
    argv = filled(SHOW, {"name": name, "namespace": "pay"})
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([name, "--at=pay"])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_shell_that_was_asked_for_gets_it_as_an_argument_too(name: str, tmp_path: object) -> None:
    template = ["sh", "-c", 'printf %s "$1"', "sh", "{name}"]
    assert why_not(template) == ""
    done = subprocess.run(
        filled(template, {"name": name}), capture_output=True, text=True, check=True, cwd=str(tmp_path)
    )
    assert done.stdout == name


@pytest.mark.parametrize(
    "template",
    [
        ["sh", "-c", "echo {name}"],
        ["/bin/bash", "-ec", "echo {name}"],
        ["env", "A=1", "dash", "-c", "echo {name}"],
        ["sudo", "zsh", "-c", "{name}"],
        ["python3", "-c", "print('{name}')"],
        ["python3.12", "-c{name}"],
        ["perl", "-e", "print '{name}'"],
        ["node", "--eval", "{name}"],
        ["ruby", "--eval={name}"],
        ["awk", "{name}"],
    ],
)
def test_a_field_inside_a_script_is_refused(template: list[str]) -> None:
    assert "part of a script" in why_not(template)


@pytest.mark.parametrize(
    "template",
    [
        ["sh", "/opt/script.sh", "-c", "{name}"],
        ["python3", "/opt/tool.py", "-e", "{name}"],
        ["awk", "-f", "/opt/x.awk", "--", "{name}"],
        ["kubectl", "-c", "{name}"],
        ["sh", "-c", "echo $1", "sh", "{name}"],
    ],
)
def test_a_script_s_own_arguments_may_be_fields(template: list[str]) -> None:
    assert why_not(template) == ""


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ([], "names no program"),
        (["  "], "names no program"),
        (["{name}"], "can't come from a field"),
        (["echo", "{nmae}"], "no field {nmae}"),
        (["echo", "a\0b"], "NUL"),
    ],
)
def test_what_is_no_command(template: list[str], why: str) -> None:
    assert why in why_not(template)


def test_what_would_become_an_option_is_refused() -> None:
    values = {"name": "--kubeconfig=/tmp/evil"}
    with pytest.raises(BadField, match="taken for an option"):
        filled(["kubectl", "get", "{name}"], values)
    assert filled(["kubectl", "get", "--", "{name}"], values)[-1] == "--kubeconfig=/tmp/evil"
    assert filled(["x", "--name={name}"], values)[-1] == "--name=--kubeconfig=/tmp/evil"


@pytest.mark.parametrize("value", ["", "a\nb", "a\x1b[31m", "a\0", "x" * 5000])
def test_values_that_are_no_names_are_refused(value: str) -> None:
    with pytest.raises(BadField):
        filled(["echo", "{name}"], {"name": value})


@pytest.mark.parametrize("program", ["ssh", "watch", "/usr/bin/ssh"])
def test_programs_that_join_their_arguments_get_plain_names_only(program: str) -> None:
    assert filled([program, "host", "{name}"], {"name": "node-1.example"})
    with pytest.raises(BadField, match="a shell would read"):
        filled([program, "host", "{name}"], {"name": "$(reboot)"})


@settings(max_examples=300)
@given(st.text(min_size=1, max_size=60))
def test_no_name_ever_changes_the_number_of_arguments_or_becomes_an_option(name: str) -> None:
    template = ["prog", "get", "{name}", "-n", "x{name}"]
    try:
        argv = filled(template, {"name": name})
    except BadField:
        return
    assert len(argv) == len(template)
    assert argv[2] == name
    assert not argv[2].startswith("-")
