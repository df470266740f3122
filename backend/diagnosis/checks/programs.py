"""Programs that Navarch calls: ssh, kubectl, and credential plugins, unchanged since they were approved."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from backend.diagnosis.check import Check, Finding, Surroundings, fail, ok, warn
from backend.fleet.registry import members
from backend.kube.errors import KubeError
from backend.kube.exec_review import check_approval


def _examine(around: Surroundings) -> Iterator[Finding]:
    for name in ("ssh", "kubectl"):
        program = shutil.which(name, path=around.environ.get("PATH"))
        yield ok(
            f"{name}: {program}" if program else f"{name} is not installed (needed only where you use it)"
        )
    if around.vault is None or around.vault.locked:
        return
    fine: dict[tuple[Path, str], list[str]] = {}
    for member in members(around.vault):
        spec = member.access.exec
        if spec is None:
            continue
        agreed = (spec.approval.path, spec.approval.sha256) if spec.approval is not None else None
        if agreed in fine:
            fine[agreed].append(member.name)  # the same file: hashed once, not for each of 300 clusters
            continue
        try:
            check_approval(spec, member.access)
        except KubeError as error:
            judge = warn if agreed is None else fail
            yield judge(f"{member.name}: {error.sentence}", error.advice, cluster=member.id)
        else:
            if agreed is not None:
                fine[agreed] = [member.name]
    for (path, _), names in fine.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield ok(f"{path} is as it was approved for {names[0]}{more}")


CHECK = Check(title="Programs", examine=_examine)
