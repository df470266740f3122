"""The cells of server-side Tables, one function per kind, grouped by API area.

Each module exports ``CELLS``: collection key (``pods``, ``apps/deployments``) -> function from an object to
its row of cells. The column definitions beside them are recorded from the real server, and the order of
cells follows k8s.io/kubernetes/pkg/printers/internalversion. A kind without an entry gets the default
table of two columns, as on the real server.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any

Cells = Callable[[dict[str, Any]], list[Any]]


@cache
def cells_by_resource() -> dict[str, Cells]:
    """Every printer found in this folder."""
    found: dict[str, Cells] = {}
    for module in pkgutil.iter_modules(__path__):
        found.update(getattr(importlib.import_module(f"{__name__}.{module.name}"), "CELLS", {}))
    return found
