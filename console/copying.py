"""What of an object or of rows can be copied, and as what text; secrets only as they are shown: masked."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from backend.fleet.row import Row, TableColumn
from backend.text import SafeStr, safe_text
from console.views import ObjectRef

_LONGEST_ROWS = 1 << 24


@dataclass(frozen=True, slots=True)
class Copyable:
    label: str
    text: SafeStr


def of_object(ref: ObjectRef) -> list[Copyable]:
    """Its names, and a kubectl command line to go on with."""
    name = safe_text(ref.name)
    found = [Copyable("name", name)]
    if ref.namespace:
        found.append(Copyable("namespace/name", safe_text(f"{ref.namespace}/{ref.name}")))
    return [*found, Copyable("kubectl command", kubectl_line(ref))]


def kubectl_line(ref: ObjectRef) -> SafeStr:
    """``kubectl --context prod-eu -n pay get deployments.apps/web``, with the vault's or the file's contexts.

    No ``-o yaml``: of a secret that would print its values.
    """
    namespace = ["-n", ref.namespace] if ref.namespace else []
    words = ["kubectl", "--context", ref.cluster, *namespace, "get", f"{ref.resource.full_name}/{ref.name}"]
    return safe_text(shlex.join(words))


def of_row(row: Row, columns: Sequence[TableColumn], *, now: float) -> list[Copyable]:
    """The row as tab-separated cells, then each cell for itself."""
    cells = [(column.name, safe_text(column.text(row, now))) for column in columns]
    whole = Copyable("row, tab-separated", safe_text("\t".join(text for _, text in cells), multiline=True))
    return [whole, *(Copyable(f"cell {safe_text(title)}", text) for title, text in cells if text)]


def of_rows(rows: Sequence[Row], columns: Sequence[TableColumn], *, now: float) -> list[Copyable]:
    """Several rows: as a table with titles, and their names one a line."""
    if not rows:
        return []
    count = f"{len(rows):,} marked"
    lines = ["\t".join(column.name for column in columns)]
    lines += ["\t".join(safe_text(column.text(row, now)) for column in columns) for row in rows]
    names = "\n".join(row.name for row in rows)
    return [
        Copyable(f"{count} rows", safe_text("\n".join(lines), multiline=True, limit=_LONGEST_ROWS)),
        Copyable(f"{count} names", safe_text(names, multiline=True, limit=_LONGEST_ROWS)),
    ]
