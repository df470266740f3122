"""Objects of which a row shows when they were made, and nothing else."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta


class PlainObject(msgspec.Struct, frozen=True, gc=False):
    """An object's metadata; the rest stays undecoded."""

    metadata: ObjectMeta = ObjectMeta()
