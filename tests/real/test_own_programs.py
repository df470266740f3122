"""A program of one's own on a real cluster, through the vault; and the console where it was left."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.vault import cache
from tests.real.control_plane import write_private
from tests.real.program import COMMAND, Navarch
from tests.real.rig import Rig
from tests.terminal import Terminal

PASSPHRASE = "correct horse battery staple"
SLOW = 40.0  # a loaded machine's first start
F6 = "\x1b[17~"


def home_of(rig: Rig, tmp_path: Path, *, run: list[str], more: str = "") -> Path:
    """A vault with both clusters of the rig, and one command."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    write_private(home / "passphrase", PASSPHRASE.encode())
    able = Navarch(home, {"NAVARCH_PASSWORD_FILE": str(home / "passphrase")})
    for arguments in (
        ["vault", "init"],
        ["cluster", "import", str(rig.kubeconfig), "--yes"],
        ["vault", "lock"],
    ):
        done = able.run(*arguments)
        assert done.returncode == 0, done.stderr
    words = ", ".join(f'"{word}"' for word in run)
    settings = home / "navarch" / "config" / "settings.toml"
    settings.parent.mkdir(mode=0o700, exist_ok=True)
    settings.write_text(f'[commands.ask]\nrun = [{words}]\nkey = "f6"\n{more}')
    settings.chmod(0o600)
    return home


@pytest.mark.skipif(bool(cache.why_unavailable()), reason="needs the unlock cache, as {kubeconfig} does")
def test_kubectl_by_a_key_then_the_console_where_it_was_left(
    rig: Rig, namespace: str, tmp_path: Path
) -> None:
    for plane in rig.clusters:
        plane.api().post(
            f"/api/v1/namespaces/{namespace}/configmaps",
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"of-{plane.name}"}},
        )
    kubectl = [str(rig.programs["kubectl"]), "--kubeconfig", "{kubeconfig}", "-n", "{namespace}"]
    run = [*kubectl, "annotate", "--overwrite", "{kind}", "{name}", "seen=yes"]
    home = home_of(rig, tmp_path, run=run, more="changes = true\n")
    environment = Navarch(home).environment

    with Terminal([*COMMAND], environment) as terminal:
        terminal.expect("assphrase", deadline=SLOW)
        terminal.type(PASSPHRASE)
        terminal.press("enter")
        terminal.expect("2/2 live", deadline=SLOW)
        terminal.press(":")
        terminal.type(f"configmaps -n {namespace} --match of-")
        terminal.press("enter")
        terminal.expect_line("of-real-east")
        terminal.press("g")
        terminal.type(F6)
        terminal.expect("not run before in this form", "the cluster; the journal notes it")
        terminal.press("down", "enter")
        terminal.expect("Ended well", "annotated", deadline=SLOW)
        terminal.press("esc")
        terminal.expect_gone("Ended well")
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0

    annotated = [
        plane.api().get(f"/api/v1/namespaces/{namespace}/configmaps/of-{plane.name}")["metadata"]
        for plane in rig.clusters
    ]
    assert [metadata.get("annotations", {}).get("seen") for metadata in annotated] == ["yes", None]
    assert not list(home.rglob("kubeconfig-*")), "what was lent is gone"

    with Terminal([*COMMAND], environment) as terminal:
        terminal.expect(f"-n {namespace}", "of-real-east", "/of-", deadline=SLOW)
        terminal.type(F6)
        terminal.expect("Run it", deadline=SLOW)
        assert "not run before" not in terminal.text
        terminal.press("esc", "ctrl+q")
        assert terminal.wait_for_end() == 0

    able = Navarch(home, {"NAVARCH_PASSWORD_FILE": str(home / "passphrase")})
    lines = able.run("journal").stdout.splitlines()
    acts = [line for line in lines if "command ask" in line or "command approve" in line]
    assert len(acts) == 3, lines
    assert sum("started" in line for line in acts) == 1
    able.run("vault", "lock")
