"""Other people's NBD programs against our process; each skips by name where it is missing."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blockengine.volume.peers import Served, need, run, wait_until

MIB = 1 << 20


@pytest.fixture(params=[512, 4096])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path, size="64M", block_size=request.param)
    yield served
    if served.process.poll() is None:
        served.stop()


def noise(path: Path, size: int = 64 * MIB) -> Path:
    """A file with data, holes and zeroes."""
    draw = random.Random(5)
    with path.open("wb") as file:
        file.truncate(size)
        for _ in range(40):
            file.seek(draw.randrange(0, size - MIB, 4096))
            file.write(draw.randbytes(draw.randrange(4096, MIB, 4096)))
    return path


def test_nbdinfo_sees_what_we_offer(served: Served) -> None:
    need("nbdinfo")
    (export,) = json.loads(run("nbdinfo", "--json", served.uri).stdout)["exports"]
    assert export["export-size"] == 64 * MIB
    assert export["contexts"] == ["base:allocation"]
    for ability in ("can_flush", "can_fua", "can_trim", "can_zero", "can_multi_conn", "can_df"):
        assert export[ability], ability
    assert not export["is_read_only"]
    (whole,) = json.loads(run("nbdinfo", "--map", "--json", served.uri).stdout)
    assert (whole["length"], whole["description"]) == (64 * MIB, "hole,zero")


def test_nbdcopy_brings_back_what_it_took(served: Served, tmp_path: Path) -> None:
    need("nbdcopy")
    source = noise(tmp_path / "source")
    run("nbdcopy", "--connections=4", "--flush", source, served.uri)
    run("nbdcopy", "--connections=4", served.uri, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
    assert served.stop() == 0
    scrubbed = served.tell("scrub")
    assert scrubbed.stdout.strip() == "0 bad blocks"


def test_qemu_img_converts_compares_and_measures(served: Served, tmp_path: Path) -> None:
    need("qemu-img")
    source = noise(tmp_path / "source")
    run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", source, served.uri)
    run("qemu-img", "compare", "-f", "raw", "-F", "raw", source, served.uri)
    for words in (["-c", "2000"], ["-w", "-c", "1000"], ["-w", "-c", "500", "--flush-interval", "50"]):
        run("qemu-img", "bench", "-f", "raw", "-d", "16", "-s", "4096", *words, served.uri)
    # The map must lead to the same bytes: a qcow2 made with it compares equal.
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", served.uri, tmp_path / "copy.qcow2")
    run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", served.uri, tmp_path / "copy.qcow2")


@pytest.mark.parametrize("work", ["randwrite", "write", "randtrim"])
def test_fio_verifies_what_it_wrote(served: Served, work: str, tmp_path: Path) -> None:
    need("fio")
    shape = ["--verify=crc32c", "--verify_fatal=1"] if work != "randtrim" else []
    if "nbd" not in run("fio", "--enghelp").stdout:
        pytest.skip("this fio was built without its nbd engine")
    run(
        "fio",
        "--name=peer",
        "--ioengine=nbd",
        f"--uri={served.uri}",
        f"--rw={work}",
        "--bsrange=4k-64k",
        "--blockalign=4k",
        "--size=32M",
        "--iodepth=32",
        "--fsync=64",
        f"--aux-path={tmp_path}",
        *shape,
    )


def test_a_killed_server_keeps_what_it_acknowledged(served: Served, tmp_path: Path) -> None:
    need("nbdcopy")
    source = noise(tmp_path / "source")
    run("nbdcopy", source, served.uri)
    served.stop(kill=True)
    shown = served.tell("show")
    assert shown.returncode == 0
    assert "unclean    0 of" not in shown.stdout
    served.start()
    run("nbdcopy", served.uri, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
    assert served.stop() == 0
    assert "unclean    0 of 16 regions" in served.tell("show").stdout


def test_a_server_killed_under_load_keeps_every_verified_block(served: Served, tmp_path: Path) -> None:
    need("fio", "nbdcopy")
    load = subprocess.Popen(
        [
            *("fio", "--name=load", "--ioengine=nbd", f"--uri={served.uri}", "--rw=randwrite", "--bs=4k"),
            *("--size=64M", "--iodepth=32", "--time_based", "--runtime=60", "--fsync=32"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
    )
    try:
        wait_until(lambda: (served.folder / "layer-0.data").stat().st_blocks > 1000, "fio wrote nothing")
    finally:
        served.stop(kill=True)
        load.terminate()
        load.wait(30)
    served.start()
    run("nbdcopy", served.uri, tmp_path / "back")
    assert served.stop() == 0
    assert served.tell("scrub").stdout.strip() == "0 bad blocks"


def test_one_directory_is_served_once(served: Served) -> None:
    refused = served.tell("show")
    assert refused.returncode == 1
    assert "another process has this replica open" in refused.stderr


def test_a_file_system_lives_on_it(served: Served, tmp_path: Path) -> None:
    need("nbdfuse", "fusermount3", "losetup", "mkfs.ext4")
    if os.geteuid() or not os.access("/dev/fuse", os.W_OK) or not Path("/dev/loop-control").exists():
        pytest.skip("needs root, /dev/fuse and loop devices")
    mounted, fuse = tmp_path / "mounted", tmp_path / "fuse"
    mounted.mkdir()
    fuse.mkdir()
    helper = subprocess.Popen(["nbdfuse", str(fuse / "disk"), served.uri])
    device = ""
    try:
        wait_until((fuse / "disk").exists, "nbdfuse mounted nothing")
        sectors = str(served.block_size)
        found = run("losetup", "--find", "--show", "--sector-size", sectors, fuse / "disk", check=False)
        if found.returncode:
            pytest.skip(f"no loop device could be set up: {found.stderr.strip()}")
        device = found.stdout.strip()
        run("mkfs.ext4", "-q", device)
        run("mount", device, mounted)
        try:
            for number in range(50):
                (mounted / f"file-{number}").write_bytes(bytes((number,)) * 50_000)
            (mounted / "file-7").unlink()
        finally:
            run("umount", mounted)
        checked = run("fsck.ext4", "-f", "-n", device, check=False)
        assert checked.returncode == 0, checked.stdout
        run("mount", "-o", "ro", device, mounted)
        try:
            assert (mounted / "file-49").read_bytes() == bytes((49,)) * 50_000
            assert not (mounted / "file-7").exists()
        finally:
            run("umount", mounted)
    finally:
        if device:
            run("losetup", "--detach", device, check=False)
        run("fusermount3", "-u", "-z", fuse, check=False)
        helper.terminate()
        helper.wait(30)
    assert served.stop() == 0
    assert served.tell("scrub").stdout.strip() == "0 bad blocks"
