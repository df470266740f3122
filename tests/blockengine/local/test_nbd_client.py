"""Attaching by the kernel's nbd, with a program in nbd-client's place: its command lines and its noes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blockengine.control.engine import Impossible
from blockengine.control.model import Attachment
from blockengine.local import system
from blockengine.local.attaching import Attacher
from blockengine.local.layout import Layout
from blockengine.volume.nbd_server import Server
from tests.alive import alive
from tests.blockengine.local.test_bridge import BLOCK, Disk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found again by /proc")

PROGRAM = """#!{python}
# Does what nbd-client does to /sys and to its processes, in the test's folder. `modes` says how it fails.
import json, os, signal, sys
from pathlib import Path
root = Path({root!r})
words = sys.argv[1:]
if os.environ.get("STAY"):
    signal.pause()
with (root / "calls").open("a") as calls:
    calls.write(json.dumps(words) + "\\n")
modes = (root / "modes").read_text().split()
if words[0] == "-d":
    pid = root / "sys/block" / Path(words[1]).name / "pid"
    os.kill(int(pid.read_text()), signal.SIGTERM)
    pid.unlink()
    sys.exit(0)
if "old" in modes and "-nonetlink" in words:
    sys.exit("nbd-client: unrecognised option -nonetlink")
device = Path(words[2]).name
if f"busy:{{device}}" in modes:
    sys.exit("Error: Failed to setup device, check dmesg")
child = os.fork()
if not child:
    os.closerange(0, 3)
    os.execve(sys.executable, [sys.executable, __file__, *words], os.environ | {{"STAY": "1"}})
(root / "sys/block" / device / "pid").write_text(str(child))
"""


class Volume:
    """What the attacher asks of a volume."""

    id, name, nbd, export, mount, busy = "01", "demo", "nbd.sock", "", "v-01", ""
    attachment: Attachment | None = None


class Machine:
    """A /sys and a /dev with two nbd devices, and a program in nbd-client's place."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        for number in (0, 1):
            (root / f"sys/block/nbd{number}").mkdir(parents=True)
            (root / "dev").mkdir(exist_ok=True)
            (root / f"dev/nbd{number}").touch()
        (root / "sys/module/nbd").mkdir(parents=True)
        self.modes("")
        program = root / "bin/nbd-client"
        program.parent.mkdir()
        program.write_text(PROGRAM.format(python=sys.executable, root=str(root)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(system, "_SYS", root / "sys")
        monkeypatch.setattr(system, "_DEV", root / "dev")
        monkeypatch.setattr(system, "_PATH", str(program.parent))
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        self.layout = Layout(root / "home", root / "run")
        self.layout.make()
        monkeypatch.chdir(self.layout.run)
        self.volume, self.attacher = Volume(), Attacher(self.layout)

    def modes(self, words: str) -> None:
        (self.root / "modes").write_text(words)

    def device(self, number: int) -> str:
        return str(self.root / f"dev/nbd{number}")

    @property
    def calls(self) -> list[list[str]]:
        known = self.root / "calls"
        return [json.loads(line) for line in known.read_text().splitlines()] if known.exists() else []

    def client(self, number: int) -> int:
        """The process that a device's client stays as; 0 if there is none."""
        known = self.root / f"sys/block/nbd{number}/pid"
        return int(known.read_text()) if known.exists() else 0

    async def attach(self, by: str = "auto") -> Attachment:
        return await self.attacher.attach(self.volume, by=by, block_size=BLOCK)

    def left(self) -> list[str]:
        """Processes and folders that an attachment had."""
        running = [helper.what for helper in self.attacher._helpers.get("01", ())]
        return [*running, *os.listdir(self.layout.mounts)]


@pytest.fixture
async def machine(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Machine]:
    folder = Path(tempfile.mkdtemp(prefix="nv-"))
    made = Machine(folder, monkeypatch)
    server = Server(Disk())
    await server.listen_unix("nbd.sock")
    yield made
    if made.volume.attachment is not None:
        await made.attacher.detach(made.volume, force=True)
    await server.stop()
    for number in (0, 1):
        if (pid := made.client(number)) and alive(pid):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder)


async def test_it_is_attached_found_again_and_detached(machine: Machine) -> None:
    attachment = await machine.attach()
    assert (attachment.by, attachment.device) == ("nbd-client", machine.device(0))
    assert "--by nbdfuse" in attachment.other
    [call] = machine.calls
    bridge = call[1]
    assert call == ["-unix", bridge, machine.device(0), "-b", str(BLOCK), "-nonetlink"]
    assert (machine.layout.run / bridge).is_socket()
    # The next engine knows it by the client's command line.
    machine.volume.attachment = None
    after = Attacher(machine.layout)
    assert "it is kept" in await after.look(machine.volume)
    known = machine.volume.attachment
    assert known is not None
    assert (known.by, known.device, known.state) == ("nbd-client", machine.device(0), "attached")
    client = machine.client(0)
    await after.detach(machine.volume)
    assert machine.calls[-1] == ["-d", machine.device(0)]
    assert not machine.client(0)
    assert not alive(client)
    assert machine.volume.attachment is None
    machine.attacher.close()


async def test_a_device_that_somebody_took_is_left_for_the_next(machine: Machine) -> None:
    machine.modes("busy:nbd0")
    attachment = await machine.attach("nbd-client")
    assert attachment.device == machine.device(1)
    assert [call[2] for call in machine.calls] == [machine.device(0), machine.device(0), machine.device(1)]


async def test_a_device_whose_client_died_is_not_used(machine: Machine) -> None:
    (machine.root / "sys/block/nbd0/pid").write_text("999999999")
    assert (await machine.attach()).device == machine.device(1)
    (machine.root / "sys/block/nbd0/pid").unlink()


async def test_an_older_client_has_no_such_option(machine: Machine) -> None:
    machine.modes("old")
    attachment = await machine.attach()
    assert attachment.device == machine.device(0)
    assert ["-nonetlink" in call for call in machine.calls] == [True, False]


async def test_a_no_leaves_nothing_and_names_the_other_way(machine: Machine) -> None:
    machine.modes("busy:nbd0 busy:nbd1")
    with pytest.raises(Impossible, match="Failed to setup device") as refused:
        await machine.attach()
    assert "attach demo --by nbdfuse" in refused.value.next
    assert machine.volume.attachment is None
    assert machine.left() == []
    for number in (0, 1):
        (machine.root / f"sys/block/nbd{number}/pid").write_text("1")
    with pytest.raises(Impossible, match="in use"):
        await machine.attach()
    for number in (0, 1):
        (machine.root / f"sys/block/nbd{number}/pid").unlink()
    assert machine.left() == []


async def test_without_the_module_or_the_program_it_says_what_is_missing(machine: Machine) -> None:
    (machine.root / "sys/module/nbd").rmdir()
    with pytest.raises(Impossible, match="modprobe nbd") as refused:
        await machine.attach("nbd-client")
    assert refused.value.next.startswith("Use --by nbdfuse. ")
    assert "modprobe nbd" in system.other_way("nbdfuse")
    (machine.root / "sys/module/nbd").mkdir()
    (machine.root / "bin/nbd-client").unlink()
    with pytest.raises(Impossible, match="nbd-client is not installed"):
        await machine.attach("nbd-client")
    assert "install nbd-client" in system.other_way("nbdfuse")
    assert "modprobe" not in system.other_way("nbdfuse")
    assert machine.left() == []
    assert machine.calls == []
