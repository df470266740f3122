"""A fleet written by the test: real decoding, rows, batches and screens; only the network is missing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

from backend.demo.patches import merge_patch
from backend.fleet.background import Background
from backend.fleet.batch import Batch
from backend.fleet.marks import Marks
from backend.fleet.member import Member, select
from backend.fleet.problems import KINDS as PROBLEM_KINDS
from backend.fleet.problems import means_problems
from backend.fleet.query import Query
from backend.fleet.row import Row, RowKey, make_row, table_columns
from backend.fleet.warm import WarmViews
from backend.kube.access import ClusterAccess, Impersonation
from backend.kube.admission import Admission
from backend.kube.discovery import Discovery
from backend.kube.errors import Conflict, Forbidden, NotFound
from backend.kube.objects import ApiResource
from backend.kube.status import State, Status
from backend.kube.wire import Reply
from backend.resources import registry
from backend.secret import Secret
from backend.text import SafeStr, safe_text
from console.session import (
    Candidate,
    Consent,
    Decision,
    Gate,
    ImportReview,
    JournalEntry,
    Refused,
)
from console.sessions.belongings import InMemory
from tests.ui.background_double import Answers

NOW = 1_790_000_000.0
"""When every picture is taken: 2026-09-21 14:13:20 UTC."""

NAMES = ("prod-eu", "prod-us", "edge-7")


def stamp(minutes: float) -> str:
    """RFC 3339 time this many minutes before NOW."""
    return datetime.fromtimestamp(NOW - 60 * minutes, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def metadata(name: str, namespace: str = "", *, minutes: float = 90, **more: Any) -> dict[str, Any]:
    place = {"namespace": namespace} if namespace else {}
    uid = f"uid-{namespace}-{name}"
    return {
        "name": name,
        **place,
        "uid": uid,
        "resourceVersion": "7",
        "creationTimestamp": stamp(minutes),
        **more,
    }


def pod(
    name: str, namespace: str, *, waiting: str = "", restarts: int = 0, minutes: float = 90
) -> dict[str, Any]:
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {"startedAt": stamp(minutes)}}
    container = {
        "name": "main",
        "ready": not waiting,
        "restartCount": restarts,
        "state": state,
        "image": "shop/api:2.1",
    }
    ready = {"type": "Ready", "status": "False" if waiting else "True"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(name, namespace, minutes=minutes),
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "shop/api:2.1"}]},
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.7",
            "conditions": [ready],
            "containerStatuses": [container],
        },
    }


def node(name: str, *, ready: bool = True) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata(name, minutes=60 * 24 * 20),
        "status": {
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "nodeInfo": {"kubeletVersion": "v1.35.4"},
        },
    }


def secret(name: str, namespace: str, **values: str) -> dict[str, Any]:
    import base64

    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(name, namespace),
        "type": "Opaque",
        "data": data,
    }


def some_pods(*, each: int = 30) -> list[dict[str, Any]]:
    pods = []
    for index in range(each):
        waiting = "CrashLoopBackOff" if index % 13 == 5 else "ContainerCreating" if index % 17 == 3 else ""
        namespace = ("pay", "cart", "kube-system")[index % 3]
        name = f"api-{index:03d}-6c9f7d8b5c-x{index:04x}"
        pods.append(pod(name, namespace, waiting=waiting, restarts=index % 7, minutes=11 * index + 3))
    return pods


_CONFIG = [{"configMapRef": {"name": "not-there"}}]


def service(name: str, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, namespace),
        "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.7", "selector": {"app": name}, "ports": []},
    }


def deployment(name: str, namespace: str, *, replicas: int = 3) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(name, namespace, generation=1),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": "shop/api:2.1", "envFrom": _CONFIG}]},
            },
        },
        "status": {
            "observedGeneration": 1,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "readyReplicas": replicas,
            "availableReplicas": replicas,
        },
    }


def default_objects() -> dict[str, list[dict[str, Any]]]:
    return {
        "pods": some_pods(),
        "nodes": [node("node-1"), node("node-2"), node("node-3", ready=False)],
        "secrets": [secret("db", "pay", password="hunter2-canary", user="shop")],
        "events": [],
        **rbac_objects(),
    }


def rbac_objects() -> dict[str, list[dict[str, Any]]]:
    """The group devs and a service account may delete pods in pay; ops may do everything."""
    group, account = {"kind": "Group", "name": "devs"}, {"kind": "ServiceAccount", "name": "deployer"}
    every = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    pods = {"verbs": ["get", "delete"], "apiGroups": [""], "resources": ["pods", "secrets"]}
    return {
        "clusterroles": [{"metadata": metadata("admin"), "rules": [every]}],
        "clusterrolebindings": [
            {
                "metadata": metadata("ops"),
                "roleRef": {"kind": "ClusterRole", "name": "admin"},
                "subjects": [{"kind": "User", "name": "ops@example.com"}],
            }
        ],
        "roles": [{"metadata": metadata("edit", "pay"), "rules": [pods]}],
        "rolebindings": [
            {
                "metadata": metadata("team", "pay"),
                "roleRef": {"kind": "Role", "name": "edit"},
                "subjects": [group, account],
            }
        ],
    }


def kinds_of(word: str) -> tuple[str, ...]:
    """What a query's word means, as the fleet's own clusters would say."""
    kind = registry.builtin(word)
    return PROBLEM_KINDS if means_problems(word) else (kind.resource.plural if kind else word,)


def rows_of(word: str, objects: Sequence[dict[str, Any]], *, cluster: str) -> list[Row]:
    """The objects decoded as a list from a server would be."""
    kind = registry.builtin(word)
    assert kind is not None
    page = registry.struct_decoder(kind).page(json.dumps({"metadata": {}, "items": list(objects)}).encode())
    return [
        make_row(item, cluster_id=f"id-{cluster}", cluster=safe_text(cluster), kind=kind)
        for item in page.items
    ]


def live(*names: str) -> dict[str, Status]:
    return {f"id-{name}": Status(state=State.LIVE, since=NOW - 60) for name in names}


class TableDouble:
    """What a screen reads like a LiveTable; :meth:`push` is what a cluster would do."""

    def __init__(self, word: str, rows: Sequence[Row], statuses: dict[str, Status]) -> None:
        kinds = [kind for each in kinds_of(word) if (kind := registry.builtin(each))]
        self.columns = table_columns(kinds, mixed=len(kinds) > 1)
        self.statuses = statuses
        self.rows = {row.key: row for row in rows}
        self.watches = 1
        self.weight = 0
        self._queue: asyncio.Queue[Batch] = asyncio.Queue()
        self._queue.put_nowait(Batch(changed=tuple(rows), statuses=statuses))

    async def __aenter__(self) -> TableDouble:
        return self

    async def __aexit__(self, *exc_info: object) -> None: ...

    def push(
        self, *changed: Row, removed: Sequence[RowKey] = (), statuses: dict[str, Status] | None = None
    ) -> None:
        self.statuses = self.statuses if statuses is None else statuses
        for key in removed:
            self.rows.pop(key, None)
        self.rows.update({row.key: row for row in changed})
        self._queue.put_nowait(Batch(changed=changed, removed=tuple(removed), statuses=self.statuses))

    def take(self) -> Batch:
        """Drop what nobody has read yet."""
        while not self._queue.empty():
            self._queue.get_nowait()
        return Batch(statuses=self.statuses)

    async def batches(self) -> AsyncGenerator[Batch, None]:
        while True:
            yield await self._queue.get()


SERVED = ("pods", "deployments", "secrets", "nodes", "clusterroles")
"""Kinds that discovery tells of."""
RULES: list[dict[str, Any]] = [
    {"verbs": ["get", "list", "watch"], "apiGroups": ["", "apps"], "resources": ["pods", "deployments"]},
    {"verbs": ["*"], "apiGroups": [""], "resources": ["pods"]},
    {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["login"]},
]
"""What the user may do: the first everywhere, the rest in the namespace pay."""


LOG: Sequence[bytes] = (
    b'level=info msg="listening" port=8080',
    b'{"level":"info","msg":"request","http":{"path":"/v1/orders","code":200},"ms":12,"user":"dana"}',
    b'{"level":"debug","msg":"cache miss","key":"cart/17"}',
    b'{"level":"warn","msg":"slow request","http":{"path":"/v1/carts","code":200},"ms":412,"user":"emeka"}',
    b"java.net.SocketTimeoutException: Read timed out",
    b"\tat com.example.db.Client.call(Client.java:311)",
    b"Caused by: com.example.PoolExhausted: no connection within 900 ms",
    b'10.0.0.9 - - [21/Sep/2026:14:13:10 +0000] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.35"',
    b'{"level":"error","msg":"upstream timed out","http":{"path":"/v1/payments","code":503},"ms":931}',
)
"""What every container wrote."""


class ClientDouble:
    """One cluster's API, as far as screens use it."""

    def __init__(
        self, cluster: str, objects: dict[str, list[dict[str, Any]]], status: Callable[[], Status]
    ) -> None:
        self.answers = Answers(cluster, objects, status, now=NOW)
        self._cluster = self.cluster = cluster
        self._objects = objects
        self.deleted: list[tuple[str, str | None, str | None]] = []
        self.patched: list[tuple[str, dict[str, Any]]] = []
        self.log_lines: Sequence[bytes] = LOG
        self.denied: set[tuple[str, str]] = set()
        """(verb, plural) of what may not be done."""

    def _find(self, resource: ApiResource, name: str, namespace: str | None) -> dict[str, Any]:
        for obj in self._objects.get(resource.plural, []):
            if obj["metadata"]["name"] == name and obj["metadata"].get("namespace") == namespace:
                return obj
        raise NotFound(self._cluster, f"there is no {resource.kind} {name}", code=404, reason="NotFound")

    async def get(self, resource: ApiResource, name: str, *, namespace: str | None = None, **_: Any) -> bytes:
        return json.dumps(self._find(resource, name, namespace)).encode()

    async def pages(
        self, resource: ApiResource, *, namespace: str | None = None, fields: str = "", **_: Any
    ) -> AsyncIterator[bytes]:
        found = self._objects.get(resource.plural, [])
        if namespace is not None:
            found = [one for one in found if one["metadata"].get("namespace") == namespace]
        if fields.startswith("metadata.name="):
            found = [one for one in found if one["metadata"]["name"] == fields.partition("=")[2]]
        yield json.dumps({"metadata": {}, "items": found}).encode()

    def _checked(
        self, resource: ApiResource, name: str, namespace: str | None, wanted: Any
    ) -> dict[str, Any]:
        """The object, if it is still the one that is meant."""
        found = self._find(resource, name, namespace)
        for field in ("uid", "resourceVersion"):
            if wanted.get(field) and wanted[field] != found["metadata"][field]:
                raise Conflict(self._cluster, f"{name} was changed", code=409, reason="Conflict")
        return found

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        *,
        namespace: str | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
        dry_run: bool = False,
        **_: Any,
    ) -> bytes:
        if ("delete", resource.plural) in self.denied:
            words = f'User "dana" cannot delete resource "{resource.plural}"'
            raise Forbidden(self._cluster, f"delete {name}: {words}", code=403, reason="Forbidden")
        found = self._checked(resource, name, namespace, {"uid": uid, "resourceVersion": resource_version})
        if not dry_run:
            self._objects[resource.plural].remove(found)
            self.deleted.append((name, uid, resource_version))
        return b"{}"

    async def patch(
        self,
        resource: ApiResource,
        change: dict[str, Any],
        *,
        name: str,
        namespace: str | None = None,
        dry_run: bool = False,
        **_: Any,
    ) -> bytes:
        found = self._checked(resource, name, namespace, change.get("metadata") or {})
        changed = merge_patch(found, change)
        if not dry_run:
            changed["metadata"]["resourceVersion"] += "0"
            found.clear()
            found.update(changed)
            self.patched.append((name, change))
        return json.dumps(changed).encode()

    @property
    def access(self) -> Any:
        return SimpleNamespace(id=self._cluster, exec=None)

    @asynccontextmanager
    async def watch(
        self, resource: ApiResource, **_: Any
    ) -> AsyncIterator[AsyncGenerator[list[bytes], None]]:
        """Nothing happens any more."""

        async def silence() -> AsyncGenerator[list[bytes], None]:
            await asyncio.Event().wait()
            yield []

        yield silence()

    async def logs(
        self, name: str, namespace: str, *, opened: Callable[[], None], follow: bool, **_: Any
    ) -> AsyncIterator[bytes]:
        """What a container wrote before NOW, each pod some microseconds after the one before it."""
        opened()
        lines = self.log_lines
        apart = int("".join(filter(str.isdigit, name))[:3] or 0)
        for at, text in enumerate(lines):
            moment = datetime.fromtimestamp(NOW - 2 * len(lines) + 2 * at, UTC)
            yield moment.strftime(f"%Y-%m-%dT%H:%M:%S.120{apart:03d}000Z ").encode() + text + b"\n"
        if follow:
            await asyncio.Event().wait()

    async def discovery(self, *, refresh: bool = False) -> Discovery:
        return Discovery(everything=tuple(kind.resource for kind in map(registry.builtin, SERVED) if kind))

    async def request(self, method: str, path: str, *, body: bytes = b"", **options: Any) -> Reply:
        """A look at the cluster; or an access review: everything is allowed that is not in ``denied``."""
        if method == "GET":
            return await self.answers.request(method, path, **options)
        spec = json.loads(body).get("spec", {})
        match path.rpartition("/")[2]:
            case "selfsubjectreviews":
                status: dict[str, Any] = {
                    "userInfo": {"username": "dana", "groups": ["system:authenticated"]}
                }
            case "selfsubjectrulesreviews":
                status = {"resourceRules": RULES if spec["namespace"] == "pay" else RULES[:1]}
            case "selfsubjectaccessreviews":
                asked = spec["resourceAttributes"]
                status = {"allowed": (asked["verb"], asked["resource"]) not in self.denied}
            case _:
                raise NotFound(self._cluster, f"no {path}", code=404)
        return Reply(status=201, headers={}, body=json.dumps({"status": status}).encode())

    async def version(self) -> Any:
        return SimpleNamespace(git_version="v1.35.4")

    server_certificate = None

    async def reach(self) -> None:
        """It is connected."""

    async def release(self) -> None:
        """There is no connection."""


async def _ready() -> None:
    """Nobody has to be asked for a credential."""


class FleetDouble:
    def __init__(
        self,
        objects: dict[str, list[dict[str, Any]]] | None = None,
        *,
        names: Sequence[str] = NAMES,
        statuses: dict[str, Status] | None = None,
        **member: Any,
    ) -> None:
        self.objects = objects if objects is not None else default_objects()
        self.members = [
            Member(
                id=f"id-{name}",
                name=name,
                access=ClusterAccess(id=f"id-{name}", name=name, server="https://192.0.2.1"),
                **member,
            )
            for name in names
        ]
        self.statuses = statuses if statuses is not None else live(*names)
        self.tables: list[tuple[Query, TableDouble]] = []
        self._clusters = {
            m.id: SimpleNamespace(
                id=m.id,
                name=safe_text(m.name),
                member=m,
                client=ClientDouble(m.name, self.objects, partial(self.statuses.__getitem__, m.id)),
                known_namespaces=["pay"],
                ready=_ready,
                woken_by=lambda waker: nullcontext(),
                hear_of=lambda namespaces: None,
                clock_skew=0.0,
                pause=asyncio.sleep,
            )
            for m in self.members
        }
        self.closed = False
        self.admission = Admission()
        self.views = WarmViews(
            lambda query, interval: self.table(query, interval=interval), memory=self.admission.memory
        )
        self._background: Background | None = None

    @property
    def background(self) -> Background:
        if self._background is None:
            self._background = Background(
                list(self._clusters.values()),
                open_table=self.table,
                admission=self.admission,
                wall=lambda: NOW,
            )
        return self._background

    def renew(self, members: Sequence[Member]) -> None:
        fresh = {member.id: member for member in members}
        self.members = [fresh.get(member.id, member) for member in self.members]
        for member in members:
            self._clusters[member.id].member = member
        self.background.tell()

    def table(self, query: Query, *, interval: float = 0.1) -> TableDouble:
        chosen, _ = select(self.members, query.clusters)
        rows: list[Row] = []
        for word in filter(registry.builtin, kinds_of(query.kind)):
            objects = [
                obj
                for obj in self.objects.get(word, [])
                if (not query.names or obj["metadata"]["name"] in query.names)
                and (not query.namespaces or obj["metadata"].get("namespace") in query.namespaces)
            ]
            rows += [row for m in chosen for row in rows_of(word, objects, cluster=m.name)]
        table = TableDouble(query.kind, rows, {m.id: self.statuses[m.id] for m in chosen})
        self.tables.append((query, table))
        return table

    def select(self, patterns: Sequence[str] = ()) -> list[Any]:
        return [self._clusters[member.id] for member in select(self.members, patterns)[0]]

    def latest(self, word: str) -> TableDouble:
        return next(table for query, table in reversed(self.tables) if query.kind == word)

    @property
    def clusters(self) -> list[Any]:
        return []

    def cluster(self, cluster_id: str) -> Any:
        return self._clusters[cluster_id]

    def client(self, cluster_id: str) -> Any:
        return self._clusters[cluster_id].client

    async def aclose(self) -> None:
        await self.views.aclose()
        self.closed = True
        if self._background is not None:
            await self._background.aclose()


class BelongingsDouble(InMemory):
    """Keeps what a vault would."""

    def __init__(self) -> None:
        super().__init__()
        self.view = b""
        self.shown: list[str] = []

    def last_view(self) -> bytes:
        return self.view

    def keep_view(self, data: bytes) -> None:
        self.view = data

    def agree(self, fingerprint: str, *, shown: str) -> None:
        super().agree(fingerprint, shown=shown)
        self.shown.append(shown)

    def kubeconfig(self, cluster_id: str) -> bytes:
        return f"kubeconfig of {cluster_id}".encode()


class SessionDouble:
    """A vault that exists only in the test."""

    title = "vault"
    can_import = True
    keeps_approvals = False
    keeper = None

    def __init__(
        self, fleet: FleetDouble | None = None, *, gate: Gate = Gate.OPEN, read_only: bool = False
    ) -> None:
        self.fleet = fleet or FleetDouble()
        self.read_only = read_only
        self.acting_as: Impersonation | None = None
        self._gate = gate
        self.touched = 0
        self.strangers: dict[str, str] = {}
        """What to say about a cluster that is not the one it was."""
        self.ended = False
        self.belongings = BelongingsDouble()
        self.acting_as = None
        self.waiting: Sequence[Any] = ()
        """Programs that clusters want to run."""
        self.allowed: list[Any] = []
        self.noted: list[tuple[str, str, str]] = []
        self.decisions: Sequence[Decision] = ()
        self.lines: list[dict[str, Any]] = []
        self.tampered = False
        """Whether the journal's chain is broken."""
        self.marked: list[tuple[tuple[str, ...], Marks]] = []
        self.before_unlock: Callable[[], None] = lambda: None

    def gate(self) -> Gate:
        return self._gate

    def now(self) -> float:
        return NOW

    def lock_seconds(self) -> float | None:
        return 540.0 if self._gate is Gate.OPEN else None

    def touch(self) -> None:
        self.touched += 1

    async def unlock(self, passphrase: Secret) -> Sequence[SafeStr]:
        self.before_unlock()
        if passphrase.text() != "correct horse":
            raise Refused("This passphrase does not open the vault", "Try again, or use the recovery code.")
        self._gate = Gate.OPEN
        return [safe_text("An older copy of the vault was put in place.")]

    async def create_vault(self, passphrase: Secret) -> Secret:
        self._gate = Gate.OPEN
        return Secret("ABCD-EFGH-IJKL-MNOP")

    async def lock(self) -> None:
        self._gate = Gate.LOCKED

    async def open_fleet(self) -> Any:
        return self.fleet

    async def verify(self, cluster_id: str, client: Any) -> SafeStr:
        return safe_text(self.strangers.get(cluster_id, ""))

    async def programs(self) -> Sequence[Any]:
        return self.waiting

    async def allow(self, programs: Sequence[Any]) -> None:
        self.allowed += programs

    def login_advice(self, member: Any) -> SafeStr:
        return safe_text(f"navarch cluster login {member.name}")

    def default_kubeconfig(self) -> SafeStr:
        return safe_text("~/.kube/config")

    async def review(self, path: str) -> ImportReview:
        if path == "/missing":
            raise Refused("There is no file /missing", "Add another file by its path.")
        return ImportReview(
            source=safe_text("~/.kube/config"),
            candidates=(
                Candidate(
                    id="prod",
                    name=safe_text("prod"),
                    server=safe_text("https://192.0.2.1:6443"),
                    facts=(safe_text("signs in by: client certificate"),),
                ),
                Candidate(
                    id="cloud",
                    name=safe_text("cloud"),
                    server=safe_text("https://192.0.2.2"),
                    program=safe_text("/usr/bin/aws eks get-token --cluster-name shop"),
                ),
                Candidate(
                    id="lab",
                    name=safe_text("lab"),
                    server=safe_text("https://192.0.2.3"),
                    consents=(
                        Consent("insecure-tls", safe_text("The server's certificate is not checked.")),
                    ),
                ),
                Candidate(id="old", name=safe_text("old"), server=safe_text("https://192.0.2.4"), known=True),
            ),
            problems=(safe_text("context broken: its cluster is not defined"),),
        )

    async def discover(self, fleet: Any) -> ImportReview:
        return ImportReview(
            source=safe_text("ClusterProfiles of prod-eu"),
            candidates=(
                Candidate(
                    id="prod-eu/fleet/sloop",
                    name=safe_text("sloop"),
                    server=safe_text("https://192.0.2.7:6443"),
                    facts=(
                        safe_text("“The sloop”, Kubernetes 1.35.2, managed by harbour-master"),
                        safe_text("topology.kubernetes.io/region=eu-west-1"),
                    ),
                    program=safe_text("/usr/bin/dock-login --cluster sloop"),
                ),
                Candidate(
                    id="prod-eu/fleet/yawl",
                    name=safe_text("yawl"),
                    server=safe_text("https://192.0.2.8:6443"),
                    refused=safe_text("No program is set that logs in through access provider quay."),
                ),
            ),
            problems=(safe_text("prod-eu/fleet/lost: it names no way to reach its cluster"),),
        )

    async def accept(self, decisions: Sequence[Decision]) -> Sequence[SafeStr]:
        self.decisions = decisions
        return [safe_text(f"{len(decisions)} clusters imported.")]

    async def mark(self, clusters: Sequence[str], marks: Marks) -> Sequence[Member]:
        self.marked.append((tuple(clusters), marks))
        return [
            replace(
                member,
                tags=marks.tags(member.tags),
                groups=marks.groups(member.groups),
                protected=member.protected if marks.protected is None else marks.protected,
                read_only=member.read_only if marks.read_only is None else marks.read_only,
            )
            for member in self.fleet.members
            if member.id in clusters
        ]

    async def start_demo(self) -> None:
        self._gate = Gate.OPEN

    async def journal(self) -> Sequence[JournalEntry]:
        return [
            JournalEntry(
                number=2,
                when=NOW - 60,
                who=safe_text("ops@jump"),
                act=safe_text("delete"),
                cluster=safe_text("prod-eu"),
                object=safe_text("prod-eu pay pod/api-1"),
                outcome=safe_text("failed"),
                detail=safe_text("somebody changed it meanwhile"),
            ),
            JournalEntry(
                number=1,
                when=NOW - 3600,
                who=safe_text("ops@jump"),
                act=safe_text("cluster import"),
                cluster=safe_text("prod-eu"),
                object=safe_text(""),
                outcome=safe_text("done"),
            ),
        ]

    def fleet_journal(self) -> Any:
        return self

    async def journal_verdict(self) -> Any:
        from backend.journal.journal import Verdict

        sentence = "The journal was changed: line 2 is missing, altered or out of place."
        return Verdict(intact=not self.tampered, lines=2, sentence=sentence if self.tampered else "whole")

    def append(self, act: str, **facts: Any) -> int:
        self.lines.append({"act": act, **facts})
        return len(self.lines)

    async def note(self, *, act: str, cluster: str, object: str) -> None:
        self.noted.append((act, cluster, object))

    async def close(self) -> None:
        self.ended = True
