"""A Secret Service (freedesktop.org) on a D-Bus of its own, for tests: real ``keyring`` and ``dbus-daemon``.

Run as a program it serves one collection in memory. ``silent`` never answers a question, ``forgetful`` keeps
nothing, ``locked`` has a lock whose prompt nobody answers.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jeepney import HeaderFields, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

ROOT = Path(__file__).parents[2]
COLLECTION = "/org/freedesktop/secrets/collection/test"
DAEMON = shutil.which("dbus-daemon")
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""


@contextlib.contextmanager
def running(folder: Path, manner: str = "") -> Iterator[str]:
    """A bus with this service on it; gives its address."""
    folder.mkdir(exist_ok=True)
    socket = folder / "bus"
    (folder / "bus.conf").write_text(CONFIG.format(socket=socket))
    assert DAEMON is not None
    bus = subprocess.Popen(
        [DAEMON, f"--config-file={folder / 'bus.conf'}", "--nofork", "--print-address"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert bus.stdout is not None
    address = bus.stdout.readline().strip()
    service = subprocess.Popen(
        [sys.executable, "-m", "tests.vault.secret_service", manner],
        cwd=ROOT,
        env=os.environ | {"DBUS_SESSION_BUS_ADDRESS": address},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert service.stdout is not None
    try:
        assert service.stdout.readline() == "ready\n"
        yield address
    finally:
        for process in (service, bus):
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


class Service:
    def __init__(self, manner: str) -> None:
        self.manner = manner
        self.items: dict[str, tuple[dict[str, str], bytes]] = {}

    def answer(self, member: str, path: str, body: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]] | str:
        """(signature, body) of the answer, or an error's name."""
        match member:
            case "Get":
                return "v", (self.property(body[1]),)
            case "OpenSession":
                return (
                    ("vo", (("s", ""), "/session/1"))
                    if body[0] == "plain"
                    else "org.freedesktop.DBus.Error.NotSupported"
                )
            case "SearchItems":
                wanted = body[0].items()
                return "ao", ([p for p, (has, _) in self.items.items() if wanted <= has.items()],)
            case "CreateItem":
                attributes = dict(body[0]["org.freedesktop.Secret.Item.Attributes"][1])
                for place in [p for p, (has, _) in self.items.items() if has == attributes]:
                    del self.items[place]
                place = f"{COLLECTION}/{len(self.items) + 1}_{os.urandom(3).hex()}"
                if self.manner != "forgetful":
                    self.items[place] = (attributes, bytes(body[1][2]))
                return "oo", (place if self.items else "/gone", "/")
            case "GetSecret":
                return "(oayays)", (("/session/1", b"", self.items[path][1], "text/plain"),)
            case "Delete":
                self.items.pop(path, None)
                return "o", ("/",)
            case "Unlock":
                return "aoo", (([], "/prompt/1") if self.manner == "locked" else (body[0], "/"))
            case "Prompt":
                return "", ()
        return "org.freedesktop.DBus.Error.UnknownMethod"

    def property(self, name: str) -> tuple[str, Any]:
        return {"Locked": ("b", self.manner == "locked"), "Label": ("s", "test")}[name]


def main(manner: str) -> None:
    connection = open_dbus_connection("SESSION")
    service = Service(manner)
    connection.send_and_get_reply(message_bus.RequestName("org.freedesktop.secrets"))
    print("ready", flush=True)
    while True:
        message = connection.receive()
        fields = message.header.fields
        if message.header.message_type is not MessageType.method_call or manner == "silent":
            continue
        try:
            said = service.answer(fields[HeaderFields.member], fields[HeaderFields.path], message.body)
        except KeyError:
            said = "org.freedesktop.Secret.Error.NoSuchObject"
        reply = new_error(message, said) if isinstance(said, str) else new_method_return(message, *said)
        connection.send(reply)


if __name__ == "__main__":
    main(sys.argv[1])
