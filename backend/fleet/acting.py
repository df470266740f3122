"""Acting as somebody else: the same clusters, reached with another user's rights (impersonation)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from backend.fleet.member import Member
from backend.kube.access import Impersonation
from backend.text import SafeStr, safe_text


def acting_as(members: Iterable[Member], who: Impersonation | None) -> list[Member]:
    """The members, each reached as ``who``; None: as their kubeconfig says."""
    if who is None:
        return list(members)
    return [replace(member, access=replace(member.access, impersonate=who)) for member in members]


def words(who: Impersonation) -> SafeStr:
    """``alice (devs, ops)``: as whom, for a person."""
    extra = [f"uid {who.uid}"] if who.uid else []
    extra += [f"{key}={','.join(values)}" for key, values in who.extra]
    told = ", ".join([*who.groups, *extra])
    return safe_text(f"{who.user} ({told})" if told else who.user, limit=120)


def common(members: Sequence[Member]) -> SafeStr:
    """As whom a whole fleet is reached, if any of it is reached as somebody else; "" otherwise."""
    acting = {words(member.access.impersonate) for member in members if member.access.impersonate}
    if not acting:
        return SafeStr("")
    names = ", ".join(sorted(acting))
    everywhere = all(member.access.impersonate for member in members) and len(acting) == 1
    return safe_text(names if everywhere else f"{names} on some clusters", limit=120)
