"""Runs what ``navarch search`` was asked, and prints what clusters found, the best first."""

from __future__ import annotations

import sys
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.fleet.row import Row
from backend.fleet.search import HITS, Found, search
from backend.fleet.search_rows import BEST_FIRST, Hit, columns_for
from backend.fleet.search_terms import Search
from backend.fleet.view import find_column
from backend.resources.document import CLUSTER_ANNOTATION
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.output import Format, NameWriter, TableWriter, object_writer
from console.cli.session import open_fleet
from console.cli.waiting import impatiently

MATCH_ANNOTATION = "navarch.dev/match"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    wanted: Search
    form: Format
    timeout: float = 30.0
    kubeconfig: Path | None = None


async def run_search(request: Request) -> int:
    """Search, print; the exit code."""
    async with open_fleet(request.kubeconfig) as fleet:
        clusters = fleet.select(request.wanted.clusters)
        printer, outcome = _Printer(request), _Outcome()
        pieces = search(clusters, request.wanted, timeout=request.timeout)
        async with aclosing(impatiently(pieces, printer.flush)) as found:
            async for piece in found:
                outcome.note(piece)
                printer.rows += piece.rows
        printer.close()
        if printer.found >= HITS:
            say(
                f"the search ended after {printer.found:,} hits", "Narrow it: more letters, --kind, -n or -c."
            )
        return outcome.code(found=printer.found)


class _Outcome:
    """What to say of clusters and kinds that could not be searched."""

    def __init__(self) -> None:
        self.failed = False

    def note(self, piece: Found) -> None:
        if not piece.done:
            return
        if piece.error is not None:
            say(f"{piece.error.cluster}: {piece.error.sentence}", piece.error.advice)
        elif piece.status.detail:
            say(f"{piece.cluster.name}: {piece.status.detail}")
        self.failed = self.failed or piece.error is not None or bool(piece.failed)

    def code(self, *, found: int) -> int:
        if self.failed:
            return Exit.FAILED
        if not found:
            say("nothing was found")
            return Exit.NOTHING
        return Exit.OK


class _Printer:
    """Collects hits and prints what has come, the best first."""

    def __init__(self, request: Request) -> None:
        self.rows: list[Row] = []
        self.found = 0
        self._columns = columns_for(request.wanted)
        self._rows_out = (
            NameWriter() if request.form is Format.NAME else TableWriter(wide=request.form is Format.WIDE)
        )
        whole = request.form in (Format.JSON, Format.YAML)
        self._objects_out = object_writer(request.form, single=False) if whole else None

    def flush(self) -> None:
        rows = sorted(self.rows, key=lambda row: (find_column(self._columns, BEST_FIRST).key(row), row.place))
        self.rows = []
        self.found += len(rows)
        if self._objects_out is None:
            self._rows_out.write(rows, self._columns)
        else:
            for row in rows:
                self._objects_out.write(metadata_of(row))
        sys.stdout.flush()  # a reader at the other end of a pipe waits for no dead cluster either

    def close(self) -> None:
        self.flush()
        if self._objects_out is not None:
            self._objects_out.close()


def metadata_of(row: Row) -> dict[str, Any]:
    """A hit in the shape of its object, with nothing but metadata."""
    resource, metadata = row.kind.resource, row.item.metadata
    assert isinstance(row.item, Hit)
    notes = {CLUSTER_ANNOTATION: str(row.cluster), MATCH_ANNOTATION: str(row.item.why)}
    if row.item.image:
        notes["navarch.dev/image"] = row.item.image
    kept = {
        "name": metadata.name,
        "namespace": metadata.namespace,
        "uid": metadata.uid,
        "resourceVersion": metadata.resource_version,
        "creationTimestamp": metadata.creation_timestamp,
        "deletionTimestamp": metadata.deletion_timestamp,
        "labels": metadata.labels,
    }
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {**{key: value for key, value in kept.items() if value}, "annotations": notes},
    }
