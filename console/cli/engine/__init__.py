"""``navarch engine``: the block engine of this machine."""

from __future__ import annotations

from console.cli.engine import job, local, pool, replica, snapshot, volume
from console.cli.engine.root import app

app.add_typer(local.app, name="local")
app.add_typer(pool.app, name="pool")
app.add_typer(volume.app, name="volume")
app.add_typer(snapshot.app, name="snapshot")
app.add_typer(replica.app, name="replica")
app.add_typer(job.app, name="job")

__all__ = ["app"]
