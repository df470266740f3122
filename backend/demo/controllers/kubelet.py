"""All nodes' kubelets: they pull images, start containers, restart what crashes, end what is deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from backend.demo import pods
from backend.demo.ages import rfc3339, seconds_of
from backend.demo.behaviour import Behaviour
from backend.demo.cluster import Cluster
from backend.demo.engine import Engine
from backend.demo.recorder import record
from backend.demo.store import Event, Key

_BACKOFF_FIRST, _BACKOFF_MAX = 10, 300
_OOM_CODE = 137
_PULLS_BEFORE = 6
"""Tries behind a pod that has been waiting for its image since before the demo began."""
_STOPPING = 2.0
"""Seconds that programs take to end after SIGTERM."""


class Kubelet:
    watches = ("pods",)

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster
        self._engine = engine
        self._known: set[str] = set()
        self._ending: set[str] = set()
        self._addresses = 0

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        if event.type == "DELETED":
            self._known.discard(event.stored.uid)
            self._ending.discard(event.stored.uid)
            return []
        fresh = event.stored.uid not in self._known
        return [event.stored.key] if fresh or event.stored.terminating else []

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get("pods", *key)
        if stored is None:
            return
        pod = stored.object()
        node = pod["spec"].get("nodeName")
        if not node or node in self.cluster.dead_nodes:
            return
        if stored.terminating:
            self._end(key, pod)
        elif stored.uid not in self._known:
            self._known.add(stored.uid)
            if self.cluster.moment is not None:
                self._found_running(key, pod)
            else:
                self._begin(key, pod)

    # -- starting ------------------------------------------------------------------------------------

    def _begin(self, key: Key, pod: dict[str, Any]) -> None:
        now, status = self.cluster.now(), pod["status"]
        status |= {"hostIP": self._host(pod), "hostIPs": [{"ip": self._host(pod)}], "startTime": rfc3339(now)}
        status["conditions"] = pods.pod_conditions(pod, ready=False, at=now)
        status["containerStatuses"] = [
            pods.container_status(c, state=pods.waiting_state("ContainerCreating"), ready=False)
            for c in pod["spec"]["containers"]
        ]
        self.cluster.store.put("pods", pod)
        for container in pod["spec"]["containers"]:
            name = container["name"]
            self._say(pod, "Pulling", f'Pulling image "{container["image"]}"', container=name)
            pull = self.cluster.random.uniform(0.6, 2.5)
            self._later(pull, key, pod, partial(self._pulled_later, key, name))

    def _pulled(self, key: Key, pod: dict[str, Any], name: str) -> None:
        container = _container(pod, name)
        if self._behaviour(pod, container).fate == "missing":
            self._pull_failed(key, pod, name, attempt=1)
            return
        image = container["image"]
        took = f"{self.cluster.random.randint(400, 2400)}ms"
        self._say(
            pod,
            "Pulled",
            f'Successfully pulled image "{image}" in {took} ({took} including waiting)',
            container=name,
        )
        self._start(key, pod, name)

    def _pull_failed(self, key: Key, pod: dict[str, Any], name: str, *, attempt: int) -> None:
        """ErrImagePull at once, then ImagePullBackOff until the next try."""
        image = _container(pod, name)["image"]
        unresolved = f'failed to resolve reference "{image}": {image}: not found'
        error = f'failed to pull and unpack image "{image}": {unresolved}'
        self._say(pod, "Failed", f'Failed to pull image "{image}": {error}', container=name, warning=True)
        self._say(pod, "Failed", "Error: ErrImagePull", container=name, warning=True)
        self._set(pod, name, state=pods.waiting_state("ErrImagePull", error), ready=False)
        wait = min(_BACKOFF_MAX, _BACKOFF_FIRST * 2 ** (attempt - 1))

        def back_off(live: dict[str, Any]) -> None:
            text = f'Back-off pulling image "{image}": ErrImagePull: {error}'
            self._set(live, name, state=pods.waiting_state("ImagePullBackOff", text), ready=False)
            self._say(live, "BackOff", f'Back-off pulling image "{image}"', container=name)
            self._say(live, "Failed", "Error: ImagePullBackOff", container=name, warning=True)

        def again(live: dict[str, Any]) -> None:
            self._say(live, "Pulling", f'Pulling image "{image}"', container=name)
            if self._behaviour(live, _container(live, name)).fate == "missing":
                self._pull_failed(key, live, name, attempt=attempt + 1)
            else:
                self._pulled(key, live, name)

        self._later(2.0, key, pod, back_off)
        self._later(wait + 2.0, key, pod, again)

    def _start(self, key: Key, pod: dict[str, Any], name: str) -> None:
        now = self.cluster.now()
        if not pod["status"].get("podIP"):
            address = self._address()
            pod["status"] |= {"podIP": address, "podIPs": [{"ip": address}]}
        self._say(pod, "Created", f"Container created: {name}", container=name)
        self._say(pod, "Started", f"Container started: {name}", container=name)
        self._set(pod, name, state=pods.running_state(now), ready=False, container_id=self._id(pod, name))
        behaviour = self._behaviour(pod, _container(pod, name))
        if behaviour.fate in ("runs", "completes", "fails", "crashes", "oom"):
            self._later(behaviour.ready_after, key, pod, lambda live: self._ready(live, name))
        else:
            self._later(10.0, key, pod, lambda live: self._probe_failed(key, live, name))
        if behaviour.fate not in ("runs", "unready"):
            wait = behaviour.after * self.cluster.random.uniform(0.7, 1.3)
            self._later(wait, key, pod, lambda live: self._exit(key, live, name, behaviour))

    def _ready(self, pod: dict[str, Any], name: str) -> None:
        status = _status(pod, name)
        if "running" in status["state"] and not status["ready"]:
            self._set(pod, name, state=status["state"], ready=True)

    def _probe_failed(self, key: Key, pod: dict[str, Any], name: str) -> None:
        if "running" in _status(pod, name)["state"]:
            text = "Readiness probe failed: HTTP probe failed with statuscode: 503"
            self._say(pod, "Unhealthy", text, container=name, warning=True)
            self._later(30.0, key, pod, lambda live: self._probe_failed(key, live, name))

    # -- ending --------------------------------------------------------------------------------------

    def _exit(self, key: Key, pod: dict[str, Any], name: str, behaviour: Behaviour) -> None:
        status, now = _status(pod, name), self.cluster.now()
        run = status["state"].get("running")
        if run is None:
            return
        oom = behaviour.fate == "oom"
        code = 0 if behaviour.fate == "completes" else _OOM_CODE if oom else behaviour.exit_code
        reason = "Completed" if code == 0 else "OOMKilled" if oom else "Error"
        ended = pods.terminated_state(
            status.get("containerID", ""),
            code=code,
            reason=reason,
            started=seconds_of(run["startedAt"]),
            finished=now,
        )
        policy = pod["spec"].get("restartPolicy", "Always")
        self._set(pod, name, state=ended, ready=False)
        if policy == "Never" or (policy == "OnFailure" and code == 0):
            return
        restarts = status["restartCount"]
        if restarts == 0:
            self._later(1.0, key, pod, lambda live: self._restart(key, live, name))
            return
        wait = min(_BACKOFF_MAX, _BACKOFF_FIRST * 2 ** (restarts - 1))
        self._later(1.5, key, pod, lambda live: self._crash_loop(key, live, name, wait=wait, left=wait))

    def _crash_loop(self, key: Key, pod: dict[str, Any], name: str, *, wait: int, left: float) -> None:
        status = _status(pod, name)
        text = pods.crash_message(name, pod, wait)
        last = status["state"] if "terminated" in status["state"] else status["lastState"]
        self._set(pod, name, state=pods.waiting_state("CrashLoopBackOff", text), ready=False, last=last)
        self._say(pod, "BackOff", text.capitalize(), container=name, warning=True)
        self._later(left, key, pod, lambda live: self._restart(key, live, name))

    def _restart(self, key: Key, pod: dict[str, Any], name: str) -> None:
        status = _status(pod, name)
        if "terminated" in status["state"]:
            status["lastState"] = status["state"]
        status["restartCount"] += 1
        image = status["image"]
        self._say(pod, "Pulled", f'Container image "{image}" already present on machine', container=name)
        self._start(key, pod, name)

    def _end(self, key: Key, pod: dict[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        if uid in self._ending:
            return
        self._ending.add(uid)
        grace = pod["metadata"].get("deletionGracePeriodSeconds", 30)
        for container in pod["spec"]["containers"]:
            name = container["name"]
            self._say(pod, "Killing", f"Stopping container {name}", container=name)

        def gone() -> None:
            live = self.cluster.store.get("pods", *key)
            if live is None or live.uid != uid:
                return
            if pod["spec"].get("nodeName") in self.cluster.dead_nodes:
                self._ending.discard(uid)
                return
            if live.finalizers:
                self._ending.discard(uid)
                self._engine.later(_STOPPING, lambda: self._engine.enqueue(self, key))
                return
            self.cluster.store.remove("pods", key)

        self._engine.later(min(grace, _STOPPING * self.cluster.random.uniform(0.5, 1.5)), gone)

    # -- pods that ran before the demo began -----------------------------------------------------------

    def _found_running(self, key: Key, pod: dict[str, Any]) -> None:
        """Give a pod of the past the status that its image's behaviour leads to."""
        from backend.demo.controllers.history import settle_pod

        began = self.cluster.now()
        pod["status"] |= {
            "hostIP": self._host(pod),
            "hostIPs": [{"ip": self._host(pod)}],
            "startTime": rfc3339(began),
        }
        behaviours = {c["name"]: self._behaviour(pod, c) for c in pod["spec"]["containers"]}
        if not any(b.fate == "missing" for b in behaviours.values()):
            address = self._address()
            pod["status"] |= {"podIP": address, "podIPs": [{"ip": address}]}
        loops = settle_pod(self.cluster, pod, behaviours)
        self.cluster.store.put("pods", pod)
        for name, wait in loops.items():
            if behaviours[name].fate == "missing":
                self._later(wait, key, pod, partial(self._pull_again, key, name))
            else:
                self._later(wait, key, pod, partial(self._restart_later, key, name))

    def _pulled_later(self, key: Key, name: str, live: dict[str, Any]) -> None:
        self._pulled(key, live, name)

    def _pull_again(self, key: Key, name: str, live: dict[str, Any]) -> None:
        self._pull_failed(key, live, name, attempt=_PULLS_BEFORE)

    def _restart_later(self, key: Key, name: str, live: dict[str, Any]) -> None:
        self._restart(key, live, name)

    # -- small things ----------------------------------------------------------------------------------

    def _behaviour(self, pod: dict[str, Any], container: dict[str, Any]) -> Behaviour:
        ends = pod["spec"].get("restartPolicy", "Always") != "Always"
        return self.cluster.behaviours.of(container, job=ends)

    def _set(
        self,
        pod: dict[str, Any],
        name: str,
        *,
        state: dict[str, Any],
        ready: bool,
        last: dict[str, Any] | None = None,
        container_id: str = "",
    ) -> None:
        """Put one container into a state, work out the pod's phase and conditions, store it."""
        status, old = pod["status"], _status(pod, name)
        fresh = pods.container_status(
            _container(pod, name),
            state=state,
            ready=ready,
            restarts=old["restartCount"],
            last=old["lastState"] if last is None else last,
            container_id=container_id or old.get("containerID", ""),
        )
        statuses = [fresh if entry["name"] == name else entry for entry in status["containerStatuses"]]
        status["containerStatuses"] = statuses
        status["phase"] = _phase(pod, statuses)
        done = status["phase"] in ("Succeeded", "Failed")
        all_ready = all(entry["ready"] for entry in statuses)
        status["conditions"] = pods.pod_conditions(pod, ready=all_ready, at=self.cluster.now(), done=done)
        self.cluster.store.put("pods", pod)

    def _later(
        self, seconds: float, key: Key, pod: dict[str, Any], act: Callable[[dict[str, Any]], None]
    ) -> None:
        """Call ``act`` with the live pod, unless it was deleted, replaced, or its node died."""
        uid = pod["metadata"]["uid"]

        def due() -> None:
            live = self.cluster.store.get("pods", *key)
            if live is None or live.uid != uid or live.terminating:
                return
            obj = live.object()
            if obj["spec"].get("nodeName") in self.cluster.dead_nodes:
                return
            if obj["status"].get("phase") not in ("Succeeded", "Failed"):
                act(obj)

        self._engine.later(seconds, due)

    def _host(self, pod: dict[str, Any]) -> str:
        node = self.cluster.store.get("nodes", "", pod["spec"]["nodeName"])
        addresses = node.object()["status"]["addresses"] if node else [{"address": "10.0.0.1"}]
        return str(addresses[0]["address"])

    def _address(self) -> str:
        self._addresses += 1
        return f"10.244.{self._addresses // 250 % 256}.{self._addresses % 250 + 4}"

    def _id(self, pod: dict[str, Any], name: str) -> str:
        restarts = _status(pod, name)["restartCount"]
        seed = f"{pod['metadata']['uid']}/{name}/{restarts}"
        return "containerd://" + hashlib.sha256(seed.encode()).hexdigest()

    def _say(
        self, pod: dict[str, Any], reason: str, message: str, *, container: str, warning: bool = False
    ) -> None:
        record(
            self.cluster,
            pod,
            kind="Pod",
            reason=reason,
            message=message,
            component="kubelet",
            host=pod["spec"].get("nodeName", ""),
            field=f"spec.containers{{{container}}}",
            severity="Warning" if warning else "Normal",
        )


def _container(pod: dict[str, Any], name: str) -> dict[str, Any]:
    return next(c for c in pod["spec"]["containers"] if c["name"] == name)


def _status(pod: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in pod["status"]["containerStatuses"] if s["name"] == name)
    return found


def _phase(pod: dict[str, Any], statuses: list[dict[str, Any]]) -> str:
    """Pending until all have started once; then Running, or the end that the restart policy allows."""
    ended = [entry["state"].get("terminated") for entry in statuses]
    policy = pod["spec"].get("restartPolicy", "Always")
    if all(ended) and policy != "Always":
        if all(entry["exitCode"] == 0 for entry in ended if entry):
            return "Succeeded"
        if policy == "Never":
            return "Failed"
    if any("waiting" in entry["state"] and not entry["lastState"] for entry in statuses):
        return "Pending"
    return "Running"
