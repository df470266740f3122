"""Adding clusters, step by step: read, review, a vault if there is none yet, store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backend.text import SafeStr
from console.session import Gate, ImportReview

if TYPE_CHECKING:
    from console.application import NavarchApp


async def import_clusters(app: NavarchApp, path: str) -> Sequence[SafeStr] | None:
    """Take clusters of a kubeconfig into the vault; '' is the default file. None: the person left.

    The review comes first, so that a bad file costs no passphrase. Call it in a worker: it waits for dialogs.
    Raises what the session raises, with ``sentence`` and ``advice``.
    """
    return await _accept(app, await app.session.review(path))


async def discover_clusters(app: NavarchApp) -> Sequence[SafeStr] | None:
    """The same for what the ClusterProfiles of the fleet's hubs offer."""
    review = await app.session.discover(await app.fleet())
    if app.frame is not None:
        app.frame.clear_notice()
    return await _accept(app, review)


async def _accept(app: NavarchApp, review: ImportReview) -> Sequence[SafeStr] | None:
    from console.screens.create_vault import CreateVaultScreen
    from console.screens.review import ReviewScreen

    decisions = await app.push_screen_wait(ReviewScreen(review))
    if decisions is None:
        return None
    if app.session.gate() is Gate.FIRST_START and not await app.push_screen_wait(CreateVaultScreen()):
        return None
    return await app.session.accept(decisions)
