"""``-o json`` and ``-o yaml``: whole objects in kubectl's shapes, with the cluster each came from."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from backend.fleet.cluster import Cluster
from backend.fleet.filter import RowFilter
from backend.fleet.listing import Listed, list_once
from backend.fleet.objects import typed
from backend.fleet.row import Row, RowKey, table_columns
from backend.fleet.view import find_column
from backend.resources.document import presentable
from backend.resources.masking import EVERYTHING
from console.cli.listing import Outcome, Request, named_exactly
from console.cli.output import ObjectWriter, object_writer


class _ObjectList(msgspec.Struct):
    items: list[dict[str, Any]] | None = None


_objects = msgspec.json.Decoder(_ObjectList)


async def print_objects(clusters: Sequence[Cluster], request: Request) -> int:
    """Write the objects as their pages arrive; the exit code.

    What only rows can tell (filters, the order by a column) is asked of rows first.
    """
    outcome = Outcome()
    single = len(clusters) == 1 and named_exactly(request.query)
    writer = _Writer(object_writer(request.form, single=single), request)
    if _needs_rows(request):
        wanted, failed = await _wanted(clusters, request, outcome)
        clusters = [cluster for cluster in clusters if cluster.id not in failed]
        writer.only(wanted)
    pieces = list_once(clusters, request.query, objects=True, timeout=request.timeout)
    async with aclosing(pieces):
        async for piece in pieces:
            outcome.note(piece)
            writer.take(piece)
            sys.stdout.flush()
    writer.close()
    return outcome.code(matched=writer.written)


def _needs_rows(request: Request) -> bool:
    query = request.query
    return bool(query.match or query.not_match or query.sort or query.descending or request.problems)


async def _wanted(
    clusters: Sequence[Cluster], request: Request, outcome: Outcome
) -> tuple[list[RowKey], set[str]]:
    """Keys of the objects to print in their order, and the clusters that failed."""
    rows: list[Row] = []
    failed = set()
    pieces = list_once(clusters, request.query, timeout=request.timeout)
    async with aclosing(pieces):
        async for piece in pieces:
            if piece.restarted:
                rows = [row for row in rows if row.cluster_id != piece.cluster.id]
            rows += piece.rows
            if piece.error is not None:
                outcome.note(piece)
                failed.add(piece.cluster.id)
    query = request.query
    columns = table_columns({id(row.kind): row.kind for row in rows}.values())
    shown = RowFilter(match=query.match, not_match=query.not_match, problems_only=request.problems)
    rows = shown.keep(sorted(rows, key=lambda row: row.place))
    if query.sort and rows:
        rows.sort(key=find_column(columns, query.sort).key)
    return [row.key for row in (reversed(rows) if query.descending else rows)], failed


class _Writer:
    """Writes objects as they come, or, once told which, those in their order at the end."""

    def __init__(self, writer: ObjectWriter, request: Request) -> None:
        self._writer = writer
        self._request = request
        self._order: dict[RowKey, int] | None = None
        self._held: dict[RowKey, dict[str, Any]] = {}
        self._restarted: set[str] = set()
        self._seen: dict[str, set[str]] = {}
        self.written = 0

    def only(self, keys: Sequence[RowKey]) -> None:
        self._order = {key: at for at, key in enumerate(keys)}

    def take(self, piece: Listed) -> None:
        if not piece.body or piece.target is None:
            return
        seen = self._seen.setdefault(piece.cluster.id, set())
        for obj in _objects.decode(piece.body).items or ():
            metadata = obj.get("metadata") or {}
            uid = str(metadata.get("uid") or f"{metadata.get('namespace', '')}/{metadata.get('name', '')}")
            if uid in seen or not piece.wanted(str(metadata.get("name", ""))):
                continue  # a list that was begun again gives what was already written
            seen.add(uid)
            key = (piece.cluster.id, uid)
            if self._order is None:
                self._write(typed(obj, piece.target.resource), piece.cluster)
            elif key in self._order:
                self._held[key] = self._shown(typed(obj, piece.target.resource), piece.cluster)

    def _write(self, obj: dict[str, Any], cluster: Cluster) -> None:
        self._writer.write(self._shown(obj, cluster))
        self.written += 1

    def _shown(self, obj: dict[str, Any], cluster: Cluster) -> dict[str, Any]:
        reveal = EVERYTHING if self._request.reveal else frozenset[str]()
        return presentable(obj, reveal=reveal, cluster=cluster.member.name)

    def close(self) -> None:
        if self._order is not None:
            for key in sorted(self._held, key=self._order.__getitem__):
                self._writer.write(self._held[key])
                self.written += 1
        self._writer.close()
