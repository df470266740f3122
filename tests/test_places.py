from __future__ import annotations

import os
from pathlib import Path

import pytest

from backend import places

EVERY = [places.config_dir, places.data_dir, places.state_dir, places.cache_dir, places.runtime_dir]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in os.environ:
        if name.startswith("XDG_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NAVARCH_HOME", raising=False)
    return tmp_path


@pytest.mark.parametrize("place", EVERY)
def test_navarch_home_holds_everything(place: object, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(home / "elsewhere"))
    path = place()  # type: ignore[operator]
    assert path.is_relative_to(home / "elsewhere")
    assert path.stat().st_mode & 0o777 == path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.filterwarnings("error")
def test_without_a_session_folder_nothing_goes_to_a_shared_place(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "gone"))
    assert places.runtime_dir().is_relative_to(home)


def test_the_session_folder_is_used_where_there_is_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "session").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "session"))
    assert places.runtime_dir() == home / "session" / "navarch"


@pytest.mark.parametrize("harm", ["link", "writable by others"])
def test_a_prepared_folder_is_refused(harm: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(home))
    if harm == "link":
        (home / "trap").mkdir()
        (home / "data").symlink_to(home / "trap")
    else:
        (home / "data").mkdir()
        (home / "data").chmod(0o777)
    with pytest.raises(places.UnsafePlace, match="yours alone"):
        places.data_dir()
