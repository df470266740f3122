"""How bad an event is: its type, and what its reason is known to mean.

``type`` alone misleads both ways: kubelets report ``Back-off pulling image`` as Normal, and node controllers
a node that is gone; while many Warnings are noise of a start. The reasons are those that Kubernetes' own
components write (kubelet, scheduler, controllers, node problem detector).
"""

from __future__ import annotations

from backend.observe.events.seen import Seen
from backend.resources.kind import Health

_FAILING_REASONS = """
BackOff Failed FailedScheduling FailedMount FailedAttachVolume FailedMapVolume FailedCreatePodSandBox
FailedCreatePodContainer FailedToCreateContainer CreateContainerError CreateContainerConfigError ErrImagePull
ErrImageNeverPull ImagePullBackOff CrashLoopBackOff InspectFailed FailedCreate FailedDaemonPod FailedPlacement
FailedPostStartHook FailedPreStopHook FailedKillPod FailedBinding ProvisioningFailed ClaimLost ClaimMisbound
VolumeResizeFailed FileSystemResizeFailed VolumeFailedDelete BackoffLimitExceeded DeadlineExceeded
PodFailurePolicy ProgressDeadlineExceeded NodeNotReady NodeStatusUnknown KubeletNotReady Evicted
EvictionThresholdMet SystemOOM OOMKilling OOMKilled NetworkNotReady ContainerGCFailed ImageGCFailed
FreeDiskSpaceFailed HostPortConflict OutOfcpu OutOfmemory OutOfpods KernelOops TaskHung FilesystemIsReadOnly
SyncLoadBalancerFailed UnAvailableLoadBalancer
"""
_WARNING_REASONS = """
Unhealthy ProbeWarning NodeNotSchedulable TaintManagerEviction NodeHasDiskPressure NodeHasInsufficientMemory
NodeHasInsufficientPID Rebooted FailedSync FailedValidation FailedToUpdateEndpoint
FailedToUpdateEndpointSlices FailedGetResourceMetric FailedComputeMetricsReplicas FailedGetScale
FailedRescale NoPods
CalculateExpectedPodCountFailed TooManyActivePods MissSchedule ExceededGracePeriod Preempted SandboxChanged
AlreadyMountedVolume DNSConfigForming MissingClusterDNS
"""
_FAILING = frozenset(_FAILING_REASONS.split())
_WARNING = frozenset(_WARNING_REASONS.split())
_NOISE = frozenset(
    {"InvalidDiskCapacity", "PossibleMemoryBackedVolumesOnDisk", "CheckLimitsForResolvConf", "CgroupV1"}
)
"""Warnings that every kubelet says once at its start."""
_GONE_SOON = ("Liveness probe failed", "Startup probe failed")
"""Probes whose failure restarts the container."""

RANK = {Health.FAILING: 0, Health.WARNING: 1}
"""Problems first; all else alike."""


def grade(event: Seen) -> Health:
    """FAILING: something does not work. WARNING: somebody should look. OK: business as usual."""
    reason = event.reason
    if reason in _FAILING:
        return Health.FAILING
    if reason == "Unhealthy" and event.message.startswith(_GONE_SOON):
        return Health.FAILING
    if reason in _WARNING:
        return Health.WARNING
    if reason in _NOISE:
        return Health.OK
    return Health.WARNING if event.warning else Health.OK
