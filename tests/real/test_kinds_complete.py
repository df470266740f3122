"""Every kind with an entry is compared with kubectl, and its words are the server's."""

from __future__ import annotations

from backend.resources import registry
from tests.real import test_cluster_kinds, test_custom_kinds, test_kinds
from tests.real.rig import Rig


def test_every_kind_with_an_entry_is_compared() -> None:
    expected = (*test_kinds.EXPECTED, *test_cluster_kinds.EXPECTED, *test_custom_kinds.EXPECTED)
    compared = {plural for plural, _ in expected} | {"nodes", "namespaces"}
    served = {kind.resource.plural for kind in registry.kinds() if not kind.composed}
    assert served == compared


def test_words_mean_what_the_server_says(rig: Rig) -> None:
    """Our short names, singular and kind are those of discovery."""
    api = rig.clusters[0].api()
    for kind in (kind for kind in registry.kinds() if not kind.custom and not kind.composed):
        ours = kind.resource
        root = f"/apis/{ours.group}/{ours.version}" if ours.group else f"/api/{ours.version}"
        found = next(r for r in api.get(root)["resources"] if r["name"] == ours.plural)
        assert (ours.singular, ours.kind, ours.namespaced) == (
            found["singularName"],
            found["kind"],
            found["namespaced"],
        )
        assert set(ours.short_names) == set(found.get("shortNames", ()))
