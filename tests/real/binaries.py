"""The programs of a real Kubernetes: found, or built once from source into a cache outside the tree.

Order: ``NAVARCH_KUBE_BIN``, then ``KUBEBUILDER_ASSETS`` (envtest's folder), then our own build of the `tool`
lines in ``tests/real/kube/go.mod``. A build is keyed by that module, its sums, the recipe below and the Go
version, goes into a temporary folder and is renamed when complete, under a lock: a killed build leaves
nothing that looks finished, and two runs never build twice.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from platformdirs import PlatformDirs

from tests.real.toolchain import Go, Unavailable, find_go

MODULE = Path(__file__).parent / "kube"
PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubelet": "k8s.io/kubernetes/cmd/kubelet",
}
_SERVERS = ("etcd", "kubectl", "kube-apiserver")  # envtest's folder has these three only
_ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
_FLAGS = ("-trimpath", "-buildvcs=false")
_VERSION_PACKAGES = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
_BUILD_DEADLINE = 1500.0
_KEPT_BUILDS = 2

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of programs. Some sources (envtest) have no controllers."""

    folder: Path
    source: str

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)

    def has(self, name: str) -> bool:
        return os.access(self.folder / name, os.X_OK)

    @property
    def has_controllers(self) -> bool:
        """Whether the controller manager and the scheduler are there too."""
        return all(self.has(name) for name in PACKAGES if name not in _SERVERS)


def to_stderr(line: str) -> None:
    """The progress of a build, for people."""
    print(f"real kubernetes: {line}", file=sys.stderr, flush=True)


def find(progress: Progress = to_stderr) -> Binaries:
    """The programs, built first if this machine has none.

    :raises Unavailable: with the reason, in a sentence.
    """
    for variable in ("NAVARCH_KUBE_BIN", "KUBEBUILDER_ASSETS"):
        if named := os.environ.get(variable):
            given = Binaries(Path(named).expanduser().absolute(), variable)
            missing = [name for name in _SERVERS if not given.has(name)]
            if missing:
                raise Unavailable(f"{variable}={named} lacks {', '.join(missing)}")
            return given
    if platform.system() not in ("Linux", "Darwin"):
        raise Unavailable(f"a real Kubernetes is not built on {platform.system()}")
    root = cache_root()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    go = find_go(root / "gopath")
    folder = root / cache_key(go)
    if not _complete(folder):
        with _locked(root / "lock", progress):
            if not _complete(folder):
                _build(go, folder, progress)
                _prune(root, keep=folder)
    os.utime(folder)
    return Binaries(folder, "built from source")


def cache_root() -> Path:
    """Outside the tree and outside ``NAVARCH_HOME``: tests move the latter about."""
    return Path(PlatformDirs("navarch", appauthor=False).user_cache_path) / "kube"


def cache_key(go: Go) -> str:
    """Names a build by everything that decides its bytes."""
    digest = hashlib.sha256()
    for part in ((MODULE / "go.mod").read_bytes(), (MODULE / "go.sum").read_bytes()):
        digest.update(hashlib.sha256(part).digest())
    recipe = (
        PACKAGES,
        _ENVIRONMENT,
        _FLAGS,
        _linker_flags(),
        go.version,
        platform.system(),
        platform.machine(),
    )
    digest.update(repr(recipe).encode())
    return f"{kubernetes_version()}-{digest.hexdigest()[:16]}"


def kubernetes_version() -> str:
    """The release that go.mod pins, e.g. ``v1.35.4``."""
    found = re.search(
        r"^\s*(?:require )?k8s\.io/kubernetes (v\d+\.\d+\.\d+)(?: // indirect)?$",
        (MODULE / "go.mod").read_text(),
        re.MULTILINE,
    )
    if found is None:
        raise Unavailable(f"{MODULE / 'go.mod'} names no k8s.io/kubernetes release")
    return found[1]


def _linker_flags() -> str:
    # Without a stamp the version is "v0.0.0-master+$Format:%H$", which clients (kubectl version) can't parse.
    version = kubernetes_version()
    major, minor, _ = version[1:].split(".")
    stamps = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitCommit": "unknown",
        "gitTreeState": "archive",
    }
    settings = [
        f"-X {package}.{key}={value}" for package in _VERSION_PACKAGES for key, value in stamps.items()
    ]
    return " ".join(["-s", "-w", *settings])


def _complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in PACKAGES)


def _build(go: Go, folder: Path, progress: Progress) -> None:
    for leftover in folder.parent.glob("building-*"):  # of killed runs: we hold the lock
        shutil.rmtree(leftover, ignore_errors=True)
    building = Path(tempfile.mkdtemp(prefix="building-", dir=folder.parent))
    began = time.monotonic()
    progress(
        f"building {kubernetes_version()} with {go.version}, once: five minutes on two cores, then cached"
    )
    try:
        for number, (name, package) in enumerate(PACKAGES.items(), start=1):
            progress(f"{number} of {len(PACKAGES)}: {name} ({time.monotonic() - began:.0f} s)")
            _build_one(go, package, building / name, began + _BUILD_DEADLINE - time.monotonic())
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    progress(f"built in {time.monotonic() - began:.0f} s")


def _build_one(go: Go, package: str, target: Path, deadline: float) -> None:
    command = [go.command, "build", *_FLAGS, "-ldflags", _linker_flags(), "-o", str(target), package]
    try:
        done = subprocess.run(
            command,
            cwd=MODULE,
            env={**go.environ(), **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=max(1.0, deadline),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"building {package} took longer than {_BUILD_DEADLINE:.0f} s in all") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if not line.startswith("go: downloading")]
        raise Unavailable(f"building {package} failed: {' / '.join(said[-4:]) or done.returncode}")


@contextlib.contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another run is building; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _prune(root: Path, *, keep: Path) -> None:
    builds = [path for path in root.glob("v*-*") if path.is_dir() and path != keep]
    builds.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for old in builds[_KEPT_BUILDS - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
