"""Container images without a registry: docker-archive tars of one layer with Debian's static busybox in it.

Format: the image spec of Docker v1.2 as `docker save` writes it (manifest.json, one config, one layer).
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.real.toolchain import Unavailable

BUSYBOX = "navarch.test/busybox:1"
PAUSE = "navarch.test/pause:1"
_ENTRY = {BUSYBOX: ["sh"], PAUSE: ["sleep", "infinity"]}
_ACCOUNTS = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": b"root:x:0:\nnogroup:x:65534:\n",
}
_FOLDERS = ("bin", "dev", "etc", "proc", "root", "sys", "tmp", "var")


def write_archive(path: Path) -> None:
    """Write one archive with all images at `path`.

    :raises Unavailable: no static busybox here.
    """
    layer = _layer(_busybox())
    manifest = []
    with tarfile.open(path, "w") as archive:
        _add(archive, "layer.tar", layer)
        for image, command in _ENTRY.items():
            config = _config(layer, command)
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            _add(archive, name, config)
            manifest.append({"Config": name, "RepoTags": [image], "Layers": ["layer.tar"]})
        _add(archive, "manifest.json", json.dumps(manifest).encode())


def _busybox() -> Path:
    found = shutil.which("busybox")
    if found is None:
        raise Unavailable("a node's images need busybox (Debian: busybox-static)")
    head = Path(found).read_bytes()
    if b"ld-linux" in head[:4096]:
        raise Unavailable("a node's images need a static busybox (Debian: busybox-static)")
    return Path(found)


def _layer(busybox: Path) -> bytes:
    applets = subprocess.run(
        [busybox, "--list"], capture_output=True, text=True, timeout=10, check=True
    ).stdout
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        for folder in _FOLDERS:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            layer.addfile(entry)
        _add(layer, "bin/busybox", busybox.read_bytes(), mode=0o755)
        for applet in applets.split():
            if applet != "busybox":
                entry = tarfile.TarInfo(f"bin/{applet}")
                entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                layer.addfile(entry)
        for name, content in _ACCOUNTS.items():
            _add(layer, name, content)
    return buffer.getvalue()


def _config(layer: bytes, command: list[str]) -> bytes:
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/bin"], "Cmd": command, "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()


def _add(archive: tarfile.TarFile, name: str, content: bytes, *, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
