"""Pods: where they run, what runs in them and how it fares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backend.resources.describe.sheet import Sheet
from backend.resources.duration import age

Object = Mapping[str, Any]


def describe(sheet: Sheet, pod: Object, now: float) -> None:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    phase = ": ".join(str(status[part]) for part in ("phase", "reason", "message") if status.get(part))
    sheet.field("Phase", phase)
    sheet.field("Node", spec.get("nodeName") or "not scheduled")
    sheet.field("IP", [entry.get("ip") for entry in status.get("podIPs") or ()])
    sheet.field("Service account", spec.get("serviceAccountName"))
    sheet.field("Priority", spec.get("priorityClassName"))
    sheet.field("Quality of service", status.get("qosClass"))
    sheet.field(
        "Grace period",
        f"{spec['terminationGracePeriodSeconds']}s" if "terminationGracePeriodSeconds" in spec else "",
    )
    states = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    containers(sheet, spec, states=states, now=now)
    placement(sheet, spec)


def containers(sheet: Sheet, spec: Object, *, states: Sequence[Object] = (), now: float = 0.0) -> None:
    """The containers of a pod or of a pod template (then without states), then the volumes they mount."""
    by_name = {state.get("name"): state for state in states}
    for title, field in (("Init containers", "initContainers"), ("Containers", "containers")):
        found = spec.get(field) or ()
        if found:
            sheet.section(title)
        for container in found:
            sheet.section(str(container.get("name")), depth=1)
            state = by_name.get(container.get("name"))
            if state is not None:
                _state(sheet, state, now)
            _container(sheet, container)
    volumes = spec.get("volumes") or ()
    if volumes:
        sheet.section("Volumes")
        sheet.table(("NAME", "FROM"), [(volume.get("name"), _volume(volume)) for volume in volumes])


def _state(sheet: Sheet, state: Object, now: float) -> None:
    sheet.field("State", _said(state.get("state") or {}, now))
    sheet.field("Last state", _said(state.get("lastState") or {}, now))
    sheet.field("Ready", bool(state.get("ready")))
    sheet.field("Restarts", state.get("restartCount"))


def _said(state: Object, now: float) -> str:
    """``terminated: OOMKilled, exit code 137, ended 5m ago``."""
    for name, facts in state.items():
        words = [facts.get("reason"), facts.get("message")]
        if "exitCode" in facts:
            words.insert(1, f"exit code {facts['exitCode']}")
        if facts.get("signal"):
            words.insert(2, f"signal {facts['signal']}")
        if facts.get("finishedAt"):
            words.append(f"ended {age(facts['finishedAt'], now)} ago")
        elif facts.get("startedAt"):
            words.append(f"started {age(facts['startedAt'], now)} ago")
        return f"{name}: " + ", ".join(str(word) for word in words if word)
    return ""


def _container(sheet: Sheet, container: Object) -> None:
    sheet.field("Image", container.get("image"))
    sheet.field(
        "Command", " ".join(map(str, [*(container.get("command") or ()), *(container.get("args") or ())]))
    )
    ports = container.get("ports") or ()
    sheet.field("Ports", ", ".join(f"{p.get('containerPort')}/{p.get('protocol', 'TCP')}" for p in ports))
    resources = container.get("resources") or {}
    sheet.field("Requests", _amounts(resources.get("requests")))
    sheet.field("Limits", _amounts(resources.get("limits")))
    for field, title in (
        ("startupProbe", "Startup"),
        ("readinessProbe", "Readiness"),
        ("livenessProbe", "Liveness"),
    ):
        sheet.field(title, _probe(container.get(field)))
    sheet.field("Environment", [_variable(variable) for variable in container.get("env") or ()])
    sheet.field("Environment from", [_source(source) for source in container.get("envFrom") or ()])
    sheet.field("Mounts", [_mount(mount) for mount in container.get("volumeMounts") or ()])


def _amounts(amounts: Object | None) -> str:
    return ", ".join(f"{name} {amount}" for name, amount in (amounts or {}).items())


def _probe(probe: Object | None) -> str:
    if not probe:
        return ""
    if get := probe.get("httpGet"):
        how = f"{str(get.get('scheme', 'HTTP')).lower()} {get.get('path', '/')} on port {get.get('port')}"
    elif socket := probe.get("tcpSocket"):
        how = f"tcp on port {socket.get('port')}"
    elif grpc := probe.get("grpc"):
        how = f"grpc on port {grpc.get('port')}"
    else:
        how = "run " + " ".join(map(str, (probe.get("exec") or {}).get("command") or ()))
    period, timeout = probe.get("periodSeconds", 10), probe.get("timeoutSeconds", 1)
    return f"{how}, every {period}s, time-out {timeout}s, fails after {probe.get('failureThreshold', 3)}"


def _variable(variable: Object) -> str:
    name = variable.get("name")
    source = variable.get("valueFrom") or {}
    for kind, title in (("secretKeyRef", "secret"), ("configMapKeyRef", "config map")):
        if reference := source.get(kind):
            return f"{name} from {title} {reference.get('name')}, key {reference.get('key')}"
    if reference := source.get("fieldRef"):
        return f"{name} from {reference.get('fieldPath')}"
    if reference := source.get("resourceFieldRef"):
        return f"{name} from {reference.get('resource')}"
    return f"{name}={variable.get('value', '')}"


def _source(source: Object) -> str:
    for kind, title in (("secretRef", "secret"), ("configMapRef", "config map")):
        if reference := source.get(kind):
            return f"{title} {reference.get('name')}"
    return ""


def _mount(mount: Object) -> str:
    mode = ", read only" if mount.get("readOnly") else ""
    part = f", only {mount['subPath']}" if mount.get("subPath") else ""
    return f"{mount.get('mountPath')} from {mount.get('name')}{part}{mode}"


_NAMED = {
    "configMap": ("config map", "name"),
    "secret": ("secret", "secretName"),
    "persistentVolumeClaim": ("claim", "claimName"),
    "hostPath": ("host path", "path"),
    "csi": ("driver", "driver"),
    "nfs": ("nfs", "server"),
}


def _volume(volume: Object) -> str:
    for field, facts in volume.items():
        if field == "name":
            continue
        title, key = _NAMED.get(field, (field, ""))
        named = facts.get(key, "") if isinstance(facts, Mapping) and key else ""
        return f"{title} {named}".strip()
    return ""


def placement(sheet: Sheet, spec: Object) -> None:
    """Where the scheduler may put it."""
    tolerations = spec.get("tolerations") or ()
    selector = spec.get("nodeSelector")
    if not tolerations and not selector:
        return
    sheet.section("Placement")
    sheet.field("Node selector", selector)
    sheet.field("Tolerations", [_toleration(toleration) for toleration in tolerations])


def _toleration(toleration: Object) -> str:
    key = toleration.get("key") or "every taint"
    value = f"={toleration['value']}" if toleration.get("value") else ""
    effect = f" ({toleration['effect']})" if toleration.get("effect") else ""
    seconds = toleration.get("tolerationSeconds")
    return f"{key}{value}{effect}" + (f" for {seconds}s" if seconds is not None else "")
