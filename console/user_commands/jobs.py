"""One run of a command for one object: what is handed over, where it is, who guards it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.fleet.member import Member
from backend.text import SafeStr, safe_text
from console.user_commands.actions import offered
from console.user_commands.argv import BadField, fields_of, filled
from console.user_commands.trust import Seen
from console.views import ObjectRef

Outcomes = dict[int, int]
"""Exit codes by the place of the job."""


class NotRun(Exception):
    """The command is refused for these objects. Nothing was run."""

    def __init__(self, sentence: object, advice: object = "") -> None:
        self.sentence, self.advice = safe_text(sentence), safe_text(advice)
        super().__init__(self.sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    ref: ObjectRef
    argv: tuple[str, ...]
    kubeconfig: Path | None = None
    protected: bool

    @property
    def place(self) -> SafeStr:
        """Where the object is, for people and the journal."""
        ref = self.ref
        inside = f"{ref.namespace} " if ref.namespace else ""
        return safe_text(f"{ref.cluster} {inside}{ref.resource.singular or ref.resource.plural}/{ref.name}")


def jobs_for(
    seen: Seen,
    refs: Sequence[ObjectRef],
    *,
    members: Mapping[str, Member],
    kubeconfigs: Mapping[str, Path],
    read_only: bool,
) -> list[Job]:
    """The runs of this command for these objects.

    ``kubeconfigs``: by cluster id, for commands that ask for one. Raises NotRun and BadField; then nothing
    is to be run at all, not even for the objects that would be right.
    """
    made = []
    for ref in refs:
        member = members.get(ref.cluster_id)
        if seen.command.changes and (read_only or (member is not None and member.read_only)):
            who = "this console" if read_only else ref.cluster
            raise NotRun(f"{seen.title} changes things, and {who} is read-only", "Nothing was run.")
        if not offered(seen.command, ref.resource):
            raise NotRun(f"{seen.title} is not for {ref.resource.plural}", "Nothing was run.")
        file = kubeconfigs.get(ref.cluster_id)
        try:
            argv = filled(seen.command.run, _values(ref, file))
        except BadField as error:
            raise NotRun(f"{safe_text(ref.name, limit=80)}: {error.sentence}", error.advice) from None
        protected = member is not None and member.protected
        made.append(Job(ref=ref, argv=tuple(argv), kubeconfig=file, protected=protected))
    return made


def wants_kubeconfig(seen: Seen) -> bool:
    return "kubeconfig" in fields_of(seen.command.run)


def _values(ref: ObjectRef, kubeconfig: Path | None) -> dict[str, str]:
    return {
        "cluster": str(ref.cluster),
        "namespace": str(ref.namespace),
        "name": str(ref.name),
        "kind": ref.resource.singular or ref.resource.kind.lower(),
        "resource": ref.resource.full_name,
        "uid": str(ref.uid),
        "kubeconfig": str(kubeconfig or ""),
    }
