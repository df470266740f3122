"""Every setting: its type, its default, and what it does. Page, screen and JSON schema read this."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Words = tuple[str, ...]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the list of one kind looks. The kind is named as its list is: ``pods``, ``certificates``."""

    shown: Annotated[Words, Meta(description="Wide columns shown besides the usual ones.")] = ()
    hidden: Annotated[Words, Meta(description="Usual columns left out.")] = ()
    sort: Annotated[str, Meta(description="Title of the column that orders the rows at first.")] = ""
    descending: Annotated[bool, Meta(description="Whether that order runs downwards.")] = False
    favourites: Annotated[
        dict[str, str],
        Meta(
            description="Filters on the keys 1 to 9 in this kind's list; they win over the general ones.",
            examples=[{"1": "/CrashLoop|OOM", "2": "@prod-* -n pay"}],
        ),
    ] = {}


class UserCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program of yours, called with the fields of the object under the cursor. Never through a shell."""

    run: Annotated[
        Words,
        Meta(
            description="Program and arguments. Filled in: {cluster}, {namespace}, {name}, {kind}, "
            "{resource}, {uid}, {kubeconfig} (a file without secrets that asks the vault).",
            examples=[["stern", "--kubeconfig", "{kubeconfig}", "-n", "{namespace}", "--", "{name}"]],
        ),
    ]
    title: Annotated[str, Meta(description="What it does, for the palette and help; empty: its name.")] = ""
    kinds: Annotated[
        Words, Meta(description="Kinds it is offered for (pods, deploy, certificates); empty: all.")
    ] = ()
    key: Annotated[str, Meta(description="A key of its own, such as f6; empty: only in the list of u.")] = ""
    where: Annotated[
        Literal["text", "terminal"],
        Meta(
            description="text: it runs beside the console and its output is shown. terminal: it gets the "
            "whole terminal until it ends."
        ),
    ] = "text"
    changes: Annotated[
        bool,
        Meta(
            description="It changes the cluster: refused when read-only, confirmed on protected clusters, "
            "noted in the journal."
        ),
    ] = False


class AccessProvider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program that logs in to clusters found through ClusterProfiles (an exec credential plugin)."""

    run: Annotated[
        Words,
        Meta(
            description="Program and arguments; it prints an ExecCredential. It runs only after you approved "
            "it for each cluster.",
            examples=[["gke-gcloud-auth-plugin"]],
        ),
    ]
    env: Annotated[dict[str, str], Meta(description="Variables that it gets besides.")] = {}
    profile_arguments: Annotated[
        bool, Meta(description="Whether a ClusterProfile may add arguments; the review shows them.")
    ] = False


class Lock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the console locks itself. Locking on ``ctrl-l`` always works."""

    screen_minutes: Annotated[
        int,
        Meta(
            ge=0,
            le=1440,
            description="Minutes without a key until the screen is covered; what runs goes on. 0: never.",
        ),
    ] = 10
    idle_minutes: Annotated[
        int,
        Meta(
            ge=0,
            le=1440,
            description="Minutes without a key until the vault locks and connections close. 0: never.",
        ),
    ] = 30
    hours: Annotated[
        int,
        Meta(
            ge=0,
            le=168,
            description="Hours after which the vault is locked, whatever is going on. 0: never.",
        ),
    ] = 8


class Events(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of clusters' events, under the vault's seal, beyond the hour that servers keep them."""

    background: Annotated[
        bool,
        Meta(
            description="Whether the console, while it is open, notes the events of all clusters twice an "
            "hour, also those that nobody looks at."
        ),
    ] = True
    days: Annotated[
        int,
        Meta(ge=0, le=366, description="Days after which a kept event is forgotten. 0: nothing is kept."),
    ] = 7
    megabytes: Annotated[
        int,
        Meta(
            ge=1,
            le=4096,
            description="The most that kept events of all clusters take on disk; the oldest go first.",
        ),
    ] = 64


class Logs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many lines of containers are kept while they are looked at, and of how many containers."""

    megabytes: Annotated[
        int,
        Meta(
            ge=16,
            le=1_048_576,
            description="The most that lines of one Logs screen take on disk, encrypted, until it is left; "
            "the oldest go first, and it says how many.",
        ),
    ] = 1024
    streams: Annotated[
        int,
        Meta(
            ge=1,
            le=2000,
            description="Logs that are followed at once. Others wait: a quiet one lends its place.",
        ),
    ] = 300
    streams_per_cluster: Annotated[
        int,
        Meta(ge=1, le=100, description="The same of one cluster: each holds a connection to its API server."),
    ] = 100
    laid_out: Annotated[
        bool,
        Meta(
            description="Whether lines of containers that mostly write JSON or logfmt are shown as their "
            "message and fields at first; r shows them as they were written."
        ),
    ] = True


class Values(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of Navarch's console."""

    theme: Annotated[
        str,
        Meta(
            description="Colours: a palette that comes along, or one of your own from the folder themes; "
            "empty: what suits the terminal."
        ),
    ] = ""
    mouse: Annotated[
        bool, Meta(description="Whether clicks and the wheel reach the console. Counts from the next start.")
    ] = True
    glow: Annotated[bool, Meta(description="Whether changed cells glow for a second. Never over SSH.")] = True
    pane: Annotated[
        bool,
        Meta(
            description="Whether terminals of 160 columns and more show the object under the cursor beside "
            "its list."
        ),
    ] = True
    restore: Annotated[
        bool,
        Meta(description="Whether the console opens where it was left. Kept in the vault, never outside it."),
    ] = True
    memory_mb: Annotated[
        int,
        Meta(
            ge=64,
            le=65536,
            description="Megabytes that the objects of all lists may take together. Lists left a moment ago "
            "go first; one that needs more then says so. Counts from the next connection.",
        ),
    ] = 1024
    lock: Annotated[Lock, Meta(description="When the console locks itself.")] = Lock()
    events: Annotated[Events, Meta(description="How long events of clusters are kept, and how many.")] = (
        Events()
    )
    logs: Annotated[Logs, Meta(description="How logs are kept and shown.")] = Logs()
    keys: Annotated[
        dict[str, str],
        Meta(
            description="Other keys for an action, by its id (docs/keys.md); several are joined by commas.",
            examples=[{"help": "f1", "describe": "d,i"}],
        ),
    ] = {}
    aliases: Annotated[
        dict[str, str],
        Meta(
            description="Words of your own for lines of the : prompt.",
            examples=[{"crash": "pods /CrashLoop", "home": "screen fleet"}],
        ),
    ] = {}
    favourites: Annotated[
        dict[str, str],
        Meta(
            description="Filters on the keys 1 to 9 in every list; one that starts with : is a whole line "
            "and goes anywhere.",
            examples=[{"1": "/CrashLoop|OOM", "9": ":nodes @prod-*"}],
        ),
    ] = {}
    tables: Annotated[dict[str, Table], Meta(description="Columns, order and favourites of each kind.")] = {}
    providers: Annotated[
        dict[str, AccessProvider],
        Meta(
            description="Programs that log in to clusters found through ClusterProfiles, by the name of the "
            "access provider."
        ),
    ] = {}
    commands: Annotated[
        dict[str, UserCommand],
        Meta(description="Programs of yours that are called with the fields of an object."),
    ] = {}
