"""``navarch engine``: the block engine of this machine."""

from __future__ import annotations

from console.cli.engine import local, pool, volume
from console.cli.engine.root import app

app.add_typer(local.app, name="local")
app.add_typer(pool.app, name="pool")
app.add_typer(volume.app, name="volume")

__all__ = ["app"]
