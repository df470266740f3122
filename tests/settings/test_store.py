"""The file: written by key with its comments kept, never written over when it can't be read."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from console.settings import Settings, SettingsRefused
from console.settings.fields import BadKey, read_key, written

COMMENTED = """\
# mine, with care
theme = "mono"   # easy on the eyes

[keys]
# because of my terminal
help = "f1"
"""


def made(tmp_path: Path, text: str = COMMENTED) -> Settings:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    return Settings(file)


def test_comments_and_order_survive_a_change(tmp_path: Path) -> None:
    settings = made(tmp_path)
    settings.set(("theme",), "ansi")
    settings.set(("keys", "error"), "f7")
    settings.set(("tables", "pods"), {"shown": ["IP"]})
    settings.set(("mouse",), False)
    text = (tmp_path / "settings.toml").read_text()
    assert "# mine, with care\n" in text
    assert 'theme = "ansi"   # easy on the eyes\n' in text
    assert '# because of my terminal\nhelp = "f1"\nerror = "f7"\n' in text
    assert '[tables.pods]\nshown = ["IP"]\n' in text
    assert Settings(tmp_path / "settings.toml").values == settings.values


def test_a_change_taken_back_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    settings = made(tmp_path)
    settings.set(("tables", "pods", "shown"), ["IP"])
    assert settings.unset(("tables", "pods", "shown"))
    assert (tmp_path / "settings.toml").read_text() == COMMENTED
    assert not settings.unset(("tables", "pods", "shown"))


def test_the_file_is_the_owner_s_alone_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.toml")
    settings.set(("theme",), "mono")
    assert (tmp_path / "settings.toml").stat().st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.iterdir()] == ["settings.toml"]


def test_a_link_into_a_folder_of_dotfiles_stays_one(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / "dotfiles" / "navarch.toml").write_text("glow = false\n")
    (tmp_path / "settings.toml").symlink_to(tmp_path / "dotfiles" / "navarch.toml")
    Settings(tmp_path / "settings.toml").set(("theme",), "mono")
    assert (tmp_path / "settings.toml").is_symlink()
    assert 'theme = "mono"' in (tmp_path / "dotfiles" / "navarch.toml").read_text()


def test_what_is_not_toml_is_never_written_over(tmp_path: Path) -> None:
    settings = made(tmp_path, "theme = \nmouse = false\n")
    with pytest.raises(SettingsRefused, match="not written over: line 1"):
        settings.set(("theme",), "mono")
    assert "not written over" in settings.keep(("theme",), "mono")
    assert settings.values.theme == "mono", "for this run it counts"
    assert (tmp_path / "settings.toml").read_text() == "theme = \nmouse = false\n"


def test_a_wrong_line_is_kept_when_another_one_is_changed(tmp_path: Path) -> None:
    settings = made(tmp_path, "mouse = 7\n")
    settings.set(("theme",), "mono")
    assert "mouse = 7" in (tmp_path / "settings.toml").read_text()
    assert settings.values.mouse is True
    assert "line 1: mouse" in settings.told


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (("theme",), "of-long-ago", "there is no theme"),
        (("mouse",), "maybe", "true or false"),
        (("keys", "help"), "d", "would mean"),
        (("keys", "nonsense"), "f9", "no action"),
        (("keys", "quit"), "q", "types a character"),
        (("keys", "help"), "ctrl+i", "tell ctrl\\+i from tab"),
        (("favourites", "1"), "/(", "regular expression"),
        (("commands", "x"), {"run": ["{name}"]}, "program itself"),
    ],
)
def test_nonsense_is_refused_before_anything_is_written(
    path: tuple[str, ...], value: object, why: str, tmp_path: Path
) -> None:
    settings = made(tmp_path)
    with pytest.raises(SettingsRefused, match=why):
        settings.set(path, value)
    assert (tmp_path / "settings.toml").read_text() == COMMENTED


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadKey, match="there is no setting"):
        made(tmp_path).set(("colour",), "red")


def test_a_file_that_others_can_write_runs_no_program(tmp_path: Path) -> None:
    programs = '[commands.x]\nrun = ["x"]\n[providers.y]\nrun = ["y"]\n'
    (tmp_path / "settings.toml").write_text(f'theme = "mono"\n{programs}')
    (tmp_path / "settings.toml").chmod(0o666)
    settings = Settings(tmp_path / "settings.toml")
    assert settings.values.theme == "mono"
    assert not settings.values.commands
    assert not settings.values.providers
    assert "others can write" in settings.told


@pytest.mark.parametrize("content", [b"\xff\xfe", b"#" * 300_000])
def test_what_is_no_text_of_ours_counts_as_nothing(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(content)
    settings = Settings(tmp_path / "settings.toml")
    with pytest.raises(SettingsRefused):
        settings.set(("theme",), "mono")
    assert (tmp_path / "settings.toml").read_bytes() == content


def test_a_pipe_in_its_place_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "settings.toml")
    assert "not a file" in Settings(tmp_path / "settings.toml").told


def test_a_change_from_outside_is_seen(tmp_path: Path) -> None:
    settings = made(tmp_path)
    assert not settings.reload()
    (tmp_path / "settings.toml").write_text("glow = false\n")
    assert settings.reload()
    assert settings.values.glow is False


def _write_many(file: Path, name: str) -> None:
    settings = Settings(file)
    for number in range(10):
        settings.set(("tables", f"{name}{number}", "sort"), "AGE")


def test_two_consoles_lose_nothing_of_each_other(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(file, name)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert len(Settings(file).values.tables) == 20


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("theme", ("theme",)),
        ("keys.table.up", ("keys", "table.up")),
        ('keys."table.up"', ("keys", "table.up")),
        ("tables.pods.shown", ("tables", "pods", "shown")),
        ('tables."certificates.cert-manager.io".sort', ("tables", "certificates.cert-manager.io", "sort")),
    ],
)
def test_keys_are_read_as_toml_writes_them(text: str, path: tuple[str, ...]) -> None:
    assert read_key(text) == path
    assert read_key(written(path)) == path


def test_a_provider_without_a_program_is_told(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[providers.dock]\nrun = []\n")
    settings = Settings(tmp_path / "settings.toml")
    assert not settings.values.providers
    assert "names no program" in settings.told


def test_a_quick_look_first_and_everything_after_it(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('glow = 1\n[favourites]\n1 = "/("\n[aliases]\npods = "nodes"\n')
    settings = Settings(file, thorough=False)
    assert [problem.line for problem in settings.problems] == [1]
    assert settings.examine()
    assert [problem.line for problem in settings.problems] == [1, 5, 3]
    assert settings.values.aliases == {}
    assert settings.values.favourites == {}
    assert not settings.examine()
