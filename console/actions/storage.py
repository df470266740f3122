"""Keys of the storage screen. Whatever changes something asks in a dialog first."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.STORAGE)
act = partial(Action, scope=Scope.STORAGE, changes=True)

ACTIONS = (
    action("storage.filter", "/", "screen.filter", "filter", "Keep the rows that match a pattern", bar=91),
    action(
        "storage.problems",
        "z",
        "screen.problems",
        "problems",
        "Only what is not as it should be; again for all",
        bar=41,
    ),
    action(
        "storage.turn",
        "v",
        "screen.turn",
        "turn",
        "Turn the tree: volumes with their replicas and snapshots, pools with theirs, or jobs",
        bar=5,
    ),
    act("storage.new", "n", "screen.wish('new')", "new", "A new volume; by pools: a new pool", bar=7),
    act(
        "storage.attach",
        "a",
        "screen.wish('attach')",
        "attach/detach",
        "Make the volume or snapshot a device of this machine, or take it away",
        bar=8,
    ),
    act("storage.snapshot", "s", "screen.wish('snapshot')", "snapshot", "Keep what the volume is now", bar=9),
    act(
        "storage.restore",
        "B",
        "screen.wish('restore')",
        "restore",
        "Take the volume back to it",
        bar=8,
    ),
    act(
        "storage.clone",
        "m",
        "screen.wish('clone')",
        "clone",
        "A new volume with its bytes",
        bar=34,
    ),
    act("storage.resize", "r", "screen.wish('resize')", "resize", "Make the volume larger", bar=33),
    act(
        "storage.add_replica",
        "N",
        "screen.wish('add_replica')",
        "replica more",
        "One replica more, copied from the others",
        bar=37,
    ),
    act(
        "storage.add_witness",
        "W",
        "screen.wish('add_witness')",
        "witness more",
        "One witness more, which votes and keeps no data",
        bar=38,
    ),
    act(
        "storage.pace",
        "e",
        "screen.wish('pace')",
        "pace",
        "How fast rebuilds, scrubs, merges and restores of the volume may go",
        bar=35,
    ),
    act(
        "storage.recover",
        "f",
        "screen.wish('recover')",
        "find again",
        "Find pools and volumes again by looking at disks",
        bar=55,
    ),
    act(
        "storage.renew",
        "x",
        "screen.wish('renew')",
        "renew",
        "After an upgrade: restart what runs an older program, one process at a time",
        bar=56,
    ),
    act(
        "storage.rebuild",
        "b",
        "screen.wish('rebuild')",
        "rebuild",
        "Make this replica anew from the others",
        bar=11,
    ),
    act(
        "storage.scrub",
        "i",
        "screen.wish('scrub')",
        "scrub",
        "Inspect every block of every replica, and mend bad ones",
        bar=36,
    ),
    act(
        "storage.pause",
        "p",
        "screen.wish('pause')",
        "pause/resume",
        "Let work under way rest, or go on",
        bar=12,
    ),
    act(
        "storage.delete",
        "D",
        "screen.wish('delete')",
        "delete",
        "Delete the volume, snapshot or pool, take the replica off, cancel the job",
        bar=13,
    ),
    act(
        "storage.start",
        "u",
        "screen.start_engine",
        "start engine",
        "Start the block engine on this machine (navarch engine local up)",
        bar=6,
    ),
    act(
        "storage.stop",
        "X",
        "screen.wish('stop')",
        "end engine",
        "End the block engine and all its processes; every byte stays",
        bar=60,
    ),
)
