"""One simulated cluster: its memory and its rules."""

from __future__ import annotations

import random
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from backend.demo.access import Authorizer
from backend.demo.ages import rfc3339
from backend.demo.behaviour import Behaviours
from backend.demo.catalog import Catalog, Resource
from backend.demo.faults import Faults
from backend.demo.store import Store, Stored
from backend.demo.streams.machine import Machines
from backend.demo.tokens import Tokens

VERSION = "v1.35.4"


@dataclass(slots=True)
class Cluster:
    """The state that the API server and the controllers share."""

    name: str
    seed: int = 1
    speed: float = 1.0
    """How much faster than life the controllers' clocks run."""
    version: str = VERSION
    store: Store = field(default_factory=Store)
    catalog: Catalog = field(default_factory=Catalog)
    faults: Faults = field(default_factory=Faults)
    behaviours: Behaviours = field(default_factory=Behaviours)
    moment: float | None = None
    """The past moment at which a scenario is being laid out."""
    authority: str = ""
    """The CA certificate, PEM; what pods would trust."""
    dead_nodes: set[str] = field(default_factory=set)
    """Nodes whose kubelet no longer answers."""
    machines: Machines = field(default_factory=Machines)
    """The insides of containers that somebody exec'ed into."""
    tokens: Tokens = field(default_factory=Tokens)
    random: random.Random = field(init=False)
    authorizer: Authorizer = field(init=False)
    custom_columns: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Collection key of a custom resource -> its additionalPrinterColumns."""
    custom_schemas: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    """(group, version, kind) -> openAPIV3Schema of a custom resource."""

    def __post_init__(self) -> None:
        self.random = random.Random(f"{self.seed}/{self.name}")  # noqa: S311 - repeatable, not secret
        self.authorizer = Authorizer(self.store)
        self.faults.dice.seed(f"{self.seed}/{self.name}/faults")

    def now(self) -> float:
        """The cluster's time: the wall clock, or a moment in the past while a scenario is being laid out."""
        return self.moment if self.moment is not None else time.time()

    def new_uid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def new_suffix(self, length: int = 5) -> str:
        """As k8s.io/apimachinery/pkg/util/rand: no vowels, no look-alikes."""
        return "".join(self.random.choices("bcdfghjklmnpqrstvwxz2456789", k=length))

    def printer_columns(self, resource: Resource) -> list[dict[str, Any]] | None:
        return self.custom_columns.get(resource.key) if resource.custom else None

    def add(self, key: str, obj: dict[str, Any]) -> Stored:
        """Store a new object of a controller or a scenario: fills in uid and creation time."""
        meta = obj["metadata"]
        meta.setdefault("uid", self.new_uid())
        meta.setdefault("creationTimestamp", rfc3339(self.now()))
        obj.pop("kind", None)
        obj.pop("apiVersion", None)
        return self.store.put(key, obj)

    def change(self, key: str, stored: Stored, obj: dict[str, Any]) -> Stored:
        """Store a controller's new version of an object, unless nothing is new."""
        if obj == stored.object():
            return stored
        return self.store.put(key, obj)
