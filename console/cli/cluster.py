"""``navarch cluster``: the clusters that the vault holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.text import counted
from console.cli import prompt
from console.cli.completing import cluster_list, groups, tags
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app
from console.cli.running import complete
from console.cli.tables import Form, moment, print_json, print_table

if TYPE_CHECKING:
    from backend.fleet.marks import Marks
    from backend.fleet.registry import ClusterRecord, Known, Registry
    from backend.vault import Vault

app = new_app("Import clusters from kubeconfigs; list, test, group, protect them.")


def _names(incomplete: str) -> list[str]:
    from console.cli.vaulted import complete_clusters

    return complete_clusters(incomplete)


Clusters = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CLUSTERS]…", help="Names, globs, #tags, groups. Default: all.", autocompletion=_names
    ),
]
Named = Annotated[
    list[str],
    typer.Argument(metavar="CLUSTERS…", help="Names, globs, #tags, groups.", autocompletion=_names),
]
Output = Annotated[Form, typer.Option("-o", "--output", help="table or json.")]
Off = Annotated[bool, typer.Option("--off", help="Undo it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]
Confirm = Annotated[
    str,
    typer.Option("--confirm", metavar="NAME", help="A protected cluster's name, to show that it is meant."),
]


@app.callback()
def _cluster() -> None:
    """Import clusters from kubeconfigs; list, test, group, protect them."""


def registry_of(patterns: list[str] | None) -> tuple[Registry, list[Known]]:
    from backend.fleet.registry import Registry
    from console.cli.session import open_vault
    from console.cli.vaulted import chosen

    vault = open_vault()
    return Registry(vault), chosen(vault, patterns or [])


@app.command("list")
def list_(clusters: Clusters = None, output: Output = Form.TABLE) -> None:
    """List the clusters of the vault; no network is used."""
    _, found = registry_of(clusters)
    if output is Form.JSON:
        print_json([described(known) for known in found])
    else:
        print_table(
            ("NAME", "SERVER", "AUTHENTICATION", "EXPIRES", "TAGS", "MARKS"), [_row(known) for known in found]
        )
    if not found:
        say("the vault holds no clusters", "Import some with: navarch cluster import")
        raise typer.Exit(Exit.NOTHING)


def _row(known: Known) -> tuple[object, ...]:
    from backend.fleet.registry.review import authentication

    record = known.record
    marks = [word for word, on in (("protected", record.protected), ("read-only", record.read_only)) if on]
    expires = expiry(record)
    tags = ",".join((*(f"#{tag}" for tag in record.tags), *record.groups))
    when = expires.strftime("%Y-%m-%d") if expires else ""
    return (record.name, record.server, authentication(record), when, tags, ",".join(marks))


def expiry(record: ClusterRecord) -> datetime | None:
    """When its client certificate (or its token, if that says so) expires."""
    from backend.kube.certificates import read_certificates
    from backend.kube.tokens import token_expiry

    if record.client_cert_pem:
        try:
            return read_certificates(record.client_cert_pem)[0].not_after
        except (ValueError, IndexError):
            return None
    return token_expiry(record.token.decode("utf-8", "replace")) if record.token else None


def described(known: Known) -> dict[str, Any]:
    """A cluster as JSON: everything but its secrets."""
    from backend.fleet.registry.review import authentication

    record, expires = known.record, expiry(known.record)
    return {
        "id": known.id,
        "name": record.name,
        "server": record.server,
        "namespace": record.namespace,
        "tlsServerName": record.tls_server_name,
        "insecureSkipTlsVerify": record.insecure_skip_tls_verify,
        "proxy": record.proxy_url.rpartition("@")[2] if "@" in record.proxy_url else record.proxy_url,
        "authentication": authentication(record),
        "actsAs": record.impersonate.user if record.impersonate else "",
        "expires": expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if expires else None,
        "tags": list(record.tags),
        "groups": list(record.groups),
        "protected": record.protected,
        "readOnly": record.read_only,
        "source": {
            "file": record.source.path,
            "context": record.source.context,
            "hub": record.source.hub,
            "profile": record.source.profile,
        },
        "kubeSystemUid": record.identity.kube_system_uid,
        "changed": moment(known.written),
    }


@app.command()
def show(clusters: Named, output: Output = Form.TABLE) -> None:
    """Show all that is known of clusters but their secrets."""
    registry, found = registry_of(clusters)
    trusted = registry.approvals()
    details = [described(known) for known in found]
    for detail in details:
        approval = trusted.get(detail["id"])
        detail["approvedProgram"] = (
            {"command": approval.shown, "path": approval.path, "sha256": approval.sha256}
            if approval
            else None
        )
    if output is Form.JSON:
        print_json(details)
        return
    for detail in details:
        print_table(("FIELD", "VALUE"), [(key, _plain(value)) for key, value in detail.items()])


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{key} {part}" for key, part in value.items() if part)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return {True: "yes", False: "no", None: ""}.get(value, value) if isinstance(value, bool | None) else value


@app.command("test")
def reach(
    clusters: Clusters = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="Per cluster.")] = 15.0,
    accept_identity: Annotated[
        bool, typer.Option("--accept-identity", help="The cluster was rebuilt: remember what it is now.")
    ] = False,
    output: Output = Form.TABLE,
) -> None:
    """Reach clusters, all at once, and say which answer. The first time their identity is noted."""
    from console.cli.reach import test_all

    registry, found = registry_of(clusters)
    results = complete(test_all(registry, found, timeout=timeout, accept_identity=accept_identity))
    if output is Form.JSON:
        print_json([result.as_json() for result in results])
    else:
        print_table(
            ("NAME", "STATE", "VERSION", "TIME", "WHAT"),
            [(r.name, r.state, r.version, f"{r.seconds * 1000:.0f}ms", r.sentence) for r in results],
        )
    for result in results:
        if result.warning:
            say(
                f"{result.name}: {result.warning}", "If that is right: navarch cluster test --accept-identity"
            )
    if not all(result.ok for result in results):
        raise typer.Exit(Exit.FAILED)


@app.command()
def tag(
    clusters: Named,
    add: Annotated[
        list[str] | None, typer.Option("--add", metavar="TAG", help="Add a tag.", autocompletion=tags)
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option("--drop", metavar="TAG", help="Take a tag away.", autocompletion=tags)
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="GROUP", help="Add to a group.", autocompletion=groups),
    ] = None,
    ungroup: Annotated[
        list[str] | None,
        typer.Option("--ungroup", metavar="GROUP", help="Take out of a group.", autocompletion=groups),
    ] = None,
) -> None:
    """Add or remove tags and groups."""
    from backend.fleet.marks import Marks

    if not any((add, drop, group, ungroup)):
        raise typer.BadParameter("say --add TAG, --drop TAG, --group GROUP or --ungroup GROUP")
    marks = Marks(
        add_tags=words(add, "#"),
        drop_tags=words(drop, "#"),
        add_groups=words(group, "@"),
        drop_groups=words(ungroup, "@"),
    )
    say(f"changed {counted(keep(clusters, marks, act='cluster tag'), 'cluster')}")


def words(given: list[str] | None, sigil: str) -> tuple[str, ...]:
    """Tags (``#``) or groups (``@``) as typed, with or without their sign. Raises BadMark."""
    from backend.fleet.marks import checked_word

    return tuple(checked_word(word, sigil=sigil)[1:] for word in given or ())


def keep(clusters: list[str], marks: Marks, *, act: str) -> int:
    """Mark these clusters in the vault; how many that changed."""
    from backend.fleet.registry import mark

    registry, found = registry_of(clusters)
    return mark(registry, {known.id for known in found}, marks, act=act)


@app.command()
def protect(clusters: Named, off: Off = False, confirm: Confirm = "") -> None:
    """Make every change on these clusters ask twice."""
    from backend.fleet.marks import Marks
    from backend.fleet.registry import mark

    registry, found = registry_of(clusters)
    for known in found:
        if off and known.record.protected:
            demand_name(known.record.name, confirm, f"Take the protection off {known.record.name}?")
    act = "cluster unprotect" if off else "cluster protect"
    mark(registry, {known.id for known in found}, Marks(protected=not off), act=act)
    say(f"{counted(len(found), 'cluster')} {'no longer' if off else 'now'} protected")


@app.command("read-only")
def read_only(clusters: Named, off: Off = False) -> None:
    """Refuse every change on these clusters."""
    from backend.fleet.marks import Marks
    from backend.fleet.registry import mark

    registry, found = registry_of(clusters)
    act = "cluster writable" if off else "cluster read-only"
    mark(registry, {known.id for known in found}, Marks(read_only=not off), act=act)
    say(f"{counted(len(found), 'cluster')} {'no longer' if off else 'now'} read-only")


@app.command()
def rename(
    cluster: Annotated[str, typer.Argument(help="Its present name.", autocompletion=cluster_list)],
    name: Annotated[str, typer.Argument(help="Its new name.")],
) -> None:
    """Call a cluster something else; its contexts in kubeconfigs keep their names."""
    from msgspec.structs import replace

    from backend.text import safe_text

    if not name.strip() or safe_text(name, limit=253) != name:
        raise typer.BadParameter("names are at most 253 ordinary characters", param_hint="NAME")
    registry, found = registry_of([cluster])
    if len(found) != 1:
        raise typer.BadParameter(f"{cluster} means {len(found)} clusters", param_hint="CLUSTER")
    registry.change(found[0], lambda r: replace(r, name=name), act="cluster rename", detail=f"was {cluster}")
    say(f"{safe_text(cluster)} is now {name}")


@app.command()
def remove(clusters: Named, yes: Yes = False, confirm: Confirm = "") -> None:
    """Take clusters, with their credentials, out of the vault."""
    from backend.text import safe_text

    registry, found = registry_of(clusters)
    names = ", ".join(safe_text(known.record.name) for known in found)
    if not yes and not any(known.record.protected for known in found):
        if not prompt.person_present():
            raise prompt.NoTerminal("nobody is at a terminal to agree to this", "Add --yes.")
        if not prompt.agree(f"Take {names} and their credentials out of the vault?"):
            raise typer.Exit(Exit.REFUSED)
    for known in found:
        if known.record.protected:
            demand_name(known.record.name, confirm, f"{known.record.name} is protected. Remove it?")
    for known in found:
        registry.remove(known)
    _forget_events(registry.vault, [known.id for known in found])
    say(f"removed {names}", "Backups of the vault still hold them.")


def _forget_events(vault: Vault, cluster_ids: list[str]) -> None:
    """What was kept of their events goes with them; what can't be removed now goes at the next start."""
    from backend.observe.events.disk import StoreError
    from backend.observe.events.store import EventStore, folder_of
    from backend.vault import VaultError

    if not folder_of(vault.path).exists():
        return
    try:
        EventStore.beside(vault).forget(cluster_ids)
    except (StoreError, VaultError) as error:
        say(error.sentence, error.advice)


def demand_name(name: str, confirmed: str, question: str) -> None:
    """A protected cluster's name must be typed, or given with --confirm. Ends with the code for refused."""
    from backend.text import safe_text

    if confirmed == name:
        return
    if not confirmed and prompt.person_present() and prompt.agree_by_typing(safe_text(question), name):
        return
    say(f"refused: {safe_text(name)} is protected", f"Add: --confirm {safe_text(name)}")
    raise typer.Exit(Exit.REFUSED)


from console.cli import discover, grouping, importing, namespaces  # noqa: E402,F401 - they add their commands
