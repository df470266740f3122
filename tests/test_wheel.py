"""The wheel as a user gets it: installed into a fresh environment outside the tree, and run from there."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from backend import __version__

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=60
    ).stdout.split(b"\0")
    for name in filter(None, tracked):  # a copy: a build must leave nothing in the tree
        path = Path(os.fsdecode(name))
        if (ROOT / path).is_file():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes((ROOT / path).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(source)],
        check=True, capture_output=True, timeout=110,
    )  # fmt: skip
    return next(place.glob("*.whl"))


def test_wheel_holds_the_program_and_its_data_but_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert "tests" not in tops
    assert {"backend", "console", "themes"} <= tops
    assert any(name.startswith("themes/") and name.endswith(".tcss") for name in names)
    tracked = subprocess.run(
        ["git", "ls-files", "backend", "console", "themes"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    data = {name for name in tracked if name and not name.endswith((".py", ".md"))}
    assert data - set(names) == set(), "data files that the wheel forgets"


def test_installed_wheel_runs_outside_the_tree(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "a fresh home"
    environment = place / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=60)
    site = next(environment.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # The locked dependencies of this very environment stand in for a download; the tree itself must not.
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (site / "borrowed.pth").write_text("\n".join(borrowed))
    code = (
        f"import sys; sys.path[:] = [p for p in sys.path if p not in ({str(ROOT)!r}, '')];"
        "from console.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )

    def navarch(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(environment / "bin" / "python"), "-c", code, *arguments],
            cwd=place, check=False, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL,
            env={**os.environ, "NAVARCH_HOME": str(place / "navarch"), "PYTHONPATH": ""},
        )  # fmt: skip

    assert navarch("--version").stdout == f"navarch {__version__}\n"
    demo = navarch("demo")
    assert demo.returncode == 0, demo.stderr
    assert "prod-eu" in demo.stdout


@pytest.fixture(scope="module")
def pipx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pipx in an environment that is thrown away; skipped where no package index can be reached."""
    place = tmp_path_factory.mktemp("pipx") / "env"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, timeout=60)
    got = subprocess.run(
        [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--retries", "0", "pipx"],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if got.returncode != 0:
        pytest.skip(f"pipx could not be installed: no package index here? {got.stderr.strip()[-200:]}")
    return place / "bin" / "pipx"


@pytest.mark.timeout(400)
def test_pipx_installs_it_as_the_readme_says(wheel: Path, pipx: Path, tmp_path: Path) -> None:
    """With its dependencies from the index, in a home of its own, run by its name from elsewhere."""
    home = tmp_path / "a person"
    home.mkdir()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "NAVARCH"))}
    told = clean | {
        "PIPX_HOME": str(home / "pipx"),
        "PIPX_BIN_DIR": str(home / "bin"),
        "PIPX_MAN_DIR": str(home / "man"),
        "NAVARCH_HOME": str(home / "navarch"),
    }

    def run(*command: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=home, env=told, check=False, capture_output=True, text=True, timeout=seconds,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    installed = run(str(pipx), "install", "--python", sys.executable, str(wheel), seconds=240)
    assert installed.returncode == 0, installed.stderr[-2000:]
    navarch = str(home / "bin" / "navarch")
    assert run(navarch, "--version").stdout == f"navarch {__version__}\n"
    demo = run(navarch, "demo")
    assert demo.returncode == 0, demo.stderr
    assert "prod-eu" in demo.stdout
    removed = run(str(pipx), "uninstall", "navarch")
    assert removed.returncode == 0, removed.stderr
    assert not Path(navarch).exists()
