"""What could follow on the ``:`` line: kinds, clusters, namespaces."""

from __future__ import annotations

from collections.abc import Sequence

from backend.fleet.member import Member


def kind_words() -> Sequence[str]:
    from backend.resources import registry

    return tuple(
        word for kind in registry.kinds() for word in (kind.resource.plural, *kind.resource.short_names)
    )


def completions(text: str, members: Sequence[Member]) -> Sequence[str]:
    head, _, last = text.rpartition(" ")
    if not head:
        return [word for word in kind_words() if word.startswith(last)]
    return []
