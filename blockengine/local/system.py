"""What this machine says of mounts, loop devices and the kernel's nbd; and the programs that change them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from blockengine.control.engine import Impossible
from blockengine.local.processes import same_program

_DEADLINE = 60.0
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
_NO_DEVICE = "Programs that speak NBD need no device: navarch engine volume show has the address."
_SYS, _DEV = Path("/sys"), Path("/dev")


def way_to_attach(by: str) -> str:
    """`nbd-client` or `nbdfuse`. Raises: Impossible, with what is missing."""
    kernel = _kernel_has_nbd() and not os.geteuid()
    client = shutil.which("nbd-client", path=_PATH) is not None
    if by == "nbd-client" or (by == "auto" and kernel and client):
        if kernel and client:
            return "nbd-client"
        why = "nbd-client is not installed" if kernel else "no nbd in this kernel (modprobe nbd), or not root"
        raise Impossible(f"nbd-client can't be used: {why}", f"Use --by nbdfuse. {_NO_DEVICE}", status=400)
    program("nbdfuse", package="libnbd-bin")
    fuse = _DEV / "fuse"
    if not os.access(fuse, os.W_OK):
        there = "may not be used by this user" if fuse.exists() else "is not there"
        how = "be root" if fuse.exists() else "modprobe fuse; in a container, give it the device"
        raise Impossible(f"{fuse} {there}", f"{how[0].upper()}{how[1:]}. {_NO_DEVICE}", status=400)
    return "nbdfuse"


def _kernel_has_nbd() -> bool:
    return (_SYS / "module/nbd").exists() and (_DEV / "nbd0").exists()


def other_way(by: str) -> str:
    """How to have a device the other way than this, in a sentence."""
    if by == "nbd-client":
        return "The other way is nbdfuse with a loop device: detach, then attach --by nbdfuse."
    missing = []
    if os.geteuid():
        missing.append("be root")
    if not _kernel_has_nbd():
        missing.append("modprobe nbd, if this kernel has it")
    if shutil.which("nbd-client", path=_PATH) is None:
        missing.append("install nbd-client")
    first = f"{', '.join(missing)}; then " if missing else ""
    return f"The other way is nbd-client (faster, in the kernel): {first}detach, and attach --by nbd-client."


def program(name: str, *, package: str = "") -> str:
    """Where a program is. Raises: Impossible."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        advice = f"Debian: apt-get install {package}" if package else ""
        raise Impossible(f"{name} is not installed", advice, status=400)
    return found


async def run(*words: str, check: bool = True) -> str:
    """A program's output. Raises: Impossible if it fails."""
    process = await asyncio.create_subprocess_exec(
        program(words[0]),
        *words[1:],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        out, error = await asyncio.wait_for(process.communicate(), _DEADLINE)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise Impossible(f"{words[0]} did not end within {_DEADLINE:g} s", status=500) from None
    if check and process.returncode:
        raise Impossible(f"{words[0]}: {error.decode(errors='replace').strip()}", status=500)
    return out.decode(errors="replace")


async def unmount(folder: Path) -> None:
    """Take a FUSE file system away, also one that no longer answers."""
    if not os.geteuid():
        await run("umount", "--lazy", str(folder), check=False)
        return
    for program in ("fusermount3", "fusermount"):
        if shutil.which(program, path=_PATH):
            await run(program, "-u", "-z", str(folder), check=False)
            return


def flush(device: str) -> None:
    """What was written to a device reaches the volume."""
    with contextlib.suppress(OSError):
        descriptor = os.open(device, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def mounts() -> list[tuple[str, str]]:
    """(source, place) of everything mounted; empty where there is no /proc."""
    try:
        lines = Path("/proc/self/mounts").read_text(errors="replace").splitlines()
    except OSError:
        return []
    pairs = (line.split(" ")[:2] for line in lines)
    return [(_plain(source), _plain(place)) for source, place in pairs]


def _plain(field: str) -> str:
    """A field of /proc/mounts without its escapes."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field


def mounted_at(device: str) -> str:
    """Where a device is mounted; empty if it is not."""
    return next((place for source, place in mounts() if source == device), "")


def in_use(device: str) -> bool:
    """Whether the kernel has given a block device to somebody: a mount, LVM, swap (Linux)."""
    if not device.startswith("/dev/"):
        return False
    try:
        os.close(os.open(device, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
    except OSError as error:
        return error.errno == errno.EBUSY
    return False


def is_mount(folder: Path) -> bool:
    """Whether something is mounted there (also if it no longer answers)."""
    return any(place == str(folder) for _, place in mounts())


def loops_over(file: Path) -> list[str]:
    """Loop devices over a file, from what the kernel says of them."""
    found = []
    for backing in (_SYS / "block").glob("loop*/loop/backing_file"):
        with contextlib.suppress(OSError):
            if backing.read_text().rstrip("\n").removesuffix(" (deleted)") == str(file):
                found.append(f"/dev/{backing.parent.parent.name}")
    return found


def kernel_device(socket: str) -> str:
    """The nbd device whose client was started on this socket."""
    for number in (_SYS / "block").glob("nbd*/pid"):
        with contextlib.suppress(OSError, ValueError):
            if same_program(int(number.read_text()), ("-unix", socket)):
                return str(_DEV / number.parent.name)
    return ""


def is_kernel_device(device: str) -> bool:
    """Whether it is one of the kernel's nbd, and no loop device or file."""
    return device.startswith(f"{_DEV}/nbd")


def free_kernel_devices() -> Iterator[str]:
    """Nbd devices that nobody uses; also one whose client died is used until the kernel lets it go."""
    for number in range(256):
        device = _DEV / f"nbd{number}"
        if not device.exists():
            break
        if not (_SYS / f"block/nbd{number}/pid").exists():
            yield str(device)
