"""Config maps, secrets and service accounts: the pods that would miss them."""

from __future__ import annotations

from collections.abc import Iterable

from backend.resources.relations.pod_spec import users_of
from backend.resources.relations.relation import Obj, Relation, name_of, namespace_of

KINDS = ("configmaps", "secrets", "serviceaccounts")
_PLURALS = {"ConfigMap": "configmaps", "Secret": "secrets", "ServiceAccount": "serviceaccounts"}


def relations(obj: Obj) -> Iterable[Relation]:
    return users_of(_PLURALS[str(obj.get("kind"))], name_of(obj), namespace_of(obj))
