"""Programs that Navarch calls: ssh, kubectl, and credential plugins, unchanged since they were approved."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from backend.diagnosis.check import Check, Finding, Surroundings, fail, ok, warn
from backend.fleet.registry import members
from backend.kube.errors import KubeError
from backend.kube.exec_review import check_approval


def _examine(around: Surroundings) -> Iterator[Finding]:
    for name in ("ssh", "kubectl"):
        path = shutil.which(name, path=around.environ.get("PATH"))
        yield ok(f"{name}: {path}" if path else f"{name} is not installed (needed only where you use it)")
    if around.vault is None or around.vault.locked:
        return
    for member in members(around.vault):
        spec = member.access.exec
        if spec is None:
            continue
        try:
            path = str(check_approval(spec, member.access))
        except KubeError as error:
            judge = warn if spec.approval is None else fail
            yield judge(f"{member.name}: {error.sentence}", error.advice, cluster=member.id)
        else:
            yield ok(f"{member.name}: {path} is as it was approved")


CHECK = Check(title="Programs", examine=_examine)
