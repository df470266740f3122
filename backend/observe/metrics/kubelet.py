"""The kubelet's summary (``/stats/summary`` through the API server's node proxy): what one node says of
itself.

It knows more than a metrics server: disks, network, volumes, swap, and pressure stalls on new kernels. It is
asked node by node, and needs the right ``get nodes/proxy``, which few people have. Source: stats/v1alpha1 of
k8s.io/kubelet.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from backend.kube.decoder import UNREADABLE
from backend.kube.errors import Malformed
from backend.observe.metrics.amounts import MOST_BYTES, MOST_CORES, Senseless, sensible
from backend.observe.metrics.wire import ContainerUse, Sample
from backend.resources.duration import epoch

_Number = float | None


class _Stall(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    avg60: _Number = None


class _Stalls(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    some: _Stall | None = None


class _Cpu(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    time: str = ""
    usage_nano_cores: _Number = None
    psi: _Stalls | None = None


class _Memory(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    time: str = ""
    available_bytes: _Number = None
    working_set_bytes: _Number = None
    psi: _Stalls | None = None


class _Network(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    time: str = ""
    rx_bytes: _Number = None
    tx_bytes: _Number = None


class _Disk(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    available_bytes: _Number = None
    capacity_bytes: _Number = None
    used_bytes: _Number = None
    inodes: _Number = None
    inodes_free: _Number = None


class _Runtime(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    image_fs: _Disk | None = None


class _Swap(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    swap_usage_bytes: _Number = None


class _Processes(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    maxpid: _Number = None
    curproc: _Number = None


class _Node(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    node_name: str = ""
    cpu: _Cpu | None = None
    memory: _Memory | None = None
    network: _Network | None = None
    fs: _Disk | None = None
    runtime: _Runtime | None = None
    swap: _Swap | None = None
    rlimit: _Processes | None = None


class _Ref(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    name: str = ""
    namespace: str = ""
    uid: str = ""


class _Volume(_Disk, frozen=True, gc=False, rename="camel"):
    name: str = ""
    pvc_ref: _Ref | None = None


class _Container(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    name: str = ""
    cpu: _Cpu | None = None
    memory: _Memory | None = None


class _Pod(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    pod_ref: _Ref = _Ref()
    cpu: _Cpu | None = None
    memory: _Memory | None = None
    network: _Network | None = None
    swap: _Swap | None = None
    containers: tuple[_Container, ...] | None = None
    volume: tuple[_Volume, ...] | None = None
    ephemeral_storage: _Disk | None = msgspec.field(default=None, name="ephemeral-storage")


class _Summary(msgspec.Struct):
    node: _Node
    pods: list[msgspec.Raw] | None = None


_summary = msgspec.json.Decoder(_Summary)
_pod = msgspec.json.Decoder(_Pod)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Bytes and inodes of a file system; None: not said."""

    used: float | None = None
    capacity: float | None = None
    available: float | None = None
    inodes: float | None = None
    inodes_free: float | None = None

    @property
    def filled(self) -> float | None:
        """Share that is not available any more, from 0 to 1: what evictions go by."""
        if not self.capacity or self.available is None:
            return None
        return min(1.0, max(0.0, 1 - self.available / self.capacity))


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A volume of a pod; ``claim``: the claim it comes from, in the pod's namespace, or empty."""

    name: str
    claim: str
    disk: Disk


@dataclass(frozen=True, slots=True, kw_only=True)
class PodDetail:
    """What the summary says of a pod besides CPU and memory. Counters are bytes since it began."""

    received: float | None = None
    sent: float | None = None
    swap: float | None = None
    stalled: float | None = None
    """Percent of the last minute in which something in it waited for CPU (PSI); None: not told."""
    volumes: tuple[Volume, ...] = ()
    scratch: Disk | None = None
    """Its ephemeral storage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSummary:
    """One kubelet's answer. ``at``: seconds since the epoch, by the node's clock."""

    name: str
    at: float
    cpu: float | None
    memory: float | None
    available: float | None = None
    """Bytes of memory: what the eviction threshold is held against."""
    received: float | None = None
    sent: float | None = None
    disk: Disk | None = None
    images: Disk | None = None
    swap: float | None = None
    stalled: float | None = None
    processes: tuple[float, float] | None = None
    """(now, at most)."""
    pods: tuple[Sample, ...] = ()
    details: dict[tuple[str, str], PodDetail]
    uids: dict[tuple[str, str], str]
    odd: int = 0
    """Pods that could not be understood, or whose numbers make no sense."""


def summary_path(node: str) -> str:
    return f"/api/v1/nodes/{quote(node, safe='')}/proxy/stats/summary"


def read_summary(body: bytes, *, node: str) -> NodeSummary:
    """One kubelet's summary. ``node``: the one that was asked; what it calls itself counts for nothing.

    Raises Malformed.
    """
    try:
        found = _summary.decode(body)
    except UNREADABLE as error:
        raise Malformed(f"the kubelet's summary can't be read: {error}") from None
    own = found.node
    pods, details, uids, odd = [], {}, {}, 0
    for raw in found.pods or ():
        try:
            pod = _pod.decode(raw)
            sample = _sample(pod)
        except (Senseless, *UNREADABLE):
            odd += 1
            continue
        key = (pod.pod_ref.namespace, pod.pod_ref.name)
        details[key], uids[key] = _detail(pod), pod.pod_ref.uid
        if sample is not None:
            pods.append(sample)
    cpu, memory = own.cpu or _Cpu(), own.memory or _Memory()
    network = own.network or _Network()
    return NodeSummary(
        name=node,
        at=max(epoch(cpu.time), epoch(memory.time)),
        cpu=_cores(cpu.usage_nano_cores),
        memory=_octets(memory.working_set_bytes),
        available=_octets(memory.available_bytes),
        received=_octets(network.rx_bytes),
        sent=_octets(network.tx_bytes),
        disk=_disk(own.fs),
        images=_disk(own.runtime.image_fs if own.runtime is not None else None),
        swap=_octets(own.swap.swap_usage_bytes if own.swap is not None else None),
        stalled=_stalled(own.cpu),
        processes=_processes(own.rlimit),
        pods=tuple(pods),
        details=details,
        uids=uids,
        odd=odd,
    )


def _sample(pod: _Pod) -> Sample | None:
    """CPU and memory of a pod as a metrics server would count them: the sum of its containers.

    None: nothing was measured yet. Raises Senseless.
    """
    used, at = [], 0.0
    for one in pod.containers or ():
        cpu, memory = one.cpu or _Cpu(), one.memory or _Memory()
        if cpu.usage_nano_cores is None or memory.working_set_bytes is None:
            return None
        at = max(at, epoch(cpu.time), epoch(memory.time))
        used.append(
            ContainerUse(
                one.name,
                sensible(cpu.usage_nano_cores * 1e-9, MOST_CORES),
                sensible(memory.working_set_bytes, MOST_BYTES),
            )
        )
    if not used or not at or not pod.pod_ref.name:
        return None
    cpu_sum, memory_sum = sum(one.cpu for one in used), sum(one.memory for one in used)
    return Sample(pod.pod_ref.namespace, pod.pod_ref.name, at, 0.0, cpu_sum, memory_sum, tuple(used))


def _detail(pod: _Pod) -> PodDetail:
    network = pod.network or _Network()
    return PodDetail(
        received=_octets(network.rx_bytes),
        sent=_octets(network.tx_bytes),
        swap=_octets(pod.swap.swap_usage_bytes if pod.swap is not None else None),
        stalled=_stalled(pod.cpu),
        volumes=tuple(
            Volume(
                name=one.name,
                claim=one.pvc_ref.name if one.pvc_ref is not None else "",
                disk=_disk(one) or Disk(),
            )
            for one in pod.volume or ()
        ),
        scratch=_disk(pod.ephemeral_storage),
    )


def _disk(wire: _Disk | None) -> Disk | None:
    if wire is None:
        return None
    return Disk(
        used=_octets(wire.used_bytes),
        capacity=_octets(wire.capacity_bytes),
        available=_octets(wire.available_bytes),
        inodes=_octets(wire.inodes),
        inodes_free=_octets(wire.inodes_free),
    )


def _cores(nanocores: _Number) -> float | None:
    return None if nanocores is None else _sane(nanocores * 1e-9, MOST_CORES)


def _octets(number: _Number) -> float | None:
    return _sane(number, MOST_BYTES)


def _sane(number: _Number, most: float) -> float | None:
    """The number, or None where it makes no sense."""
    return number if number is not None and 0 <= number <= most else None


def _stalled(cpu: _Cpu | None) -> float | None:
    stalls = cpu.psi if cpu is not None else None
    some = stalls.some if stalls is not None else None
    return _sane(some.avg60, 100.0) if some is not None else None


def _processes(limits: _Processes | None) -> tuple[float, float] | None:
    if limits is None or not limits.maxpid or limits.curproc is None:
        return None
    return (limits.curproc, limits.maxpid)
