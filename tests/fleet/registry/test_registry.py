"""Members, approvals, refresh, identity: what the vault remembers of clusters."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from backend.fleet.programs import wanting
from backend.fleet.registry import Choice, ClusterRecord, Registry, RegistryRefused, Source, members, review
from backend.fleet.registry import refresh as compare
from backend.fleet.registry.approvals import approved
from backend.fleet.registry.identity import changed, note, observe, verify
from backend.fleet.registry.kubeconfig import asking_kubeconfig, plain_kubeconfig, why_not
from backend.fleet.registry.record import Identity
from backend.fleet.registry.refresh import take_over
from backend.journal import Journal
from backend.kube.errors import ExecNotApproved, Forbidden
from backend.kube.exec_review import approval_for, check_approval
from backend.kube.kubeconfig import parse
from backend.vault import RecordConflict, Vault, default_path
from tests.fleet.registry.conftest import PASSPHRASE, Kubeconfig
from tests.fleet.registry.test_review import exec_user, plugin
from tests.kube.pki import Authority


def imported(registry: Registry, kubeconfig: Kubeconfig, **choice: object) -> None:
    reviewed = review(kubeconfig.path, known=[(k.id, k.record) for k in registry.known()])
    result = registry.accept(reviewed, [Choice(context=c.context, **choice) for c in reviewed.candidates])
    assert result.left_out == []


def test_members_speak_as_the_kubeconfig_said(
    vault: Vault, registry: Registry, kubeconfig: Kubeconfig, authority: Authority
) -> None:
    pair = authority.client()
    kubeconfig.add_certificate("prod", authority, pair, **{"tls-server-name": "inner"})
    kubeconfig.users["prod"] |= {"as": "boss", "as-groups": ["g"], "as-user-extra": {"k": ["v1", "v2"]}}
    kubeconfig.write()
    imported(registry, kubeconfig, tags=("eu",))
    [member] = members(vault)
    from_file = parse(kubeconfig.path.read_bytes(), origin=kubeconfig.path).access(
        "prod", read_files=True, id=member.id
    )
    assert member.access == from_file
    assert member.tags == ("eu",)
    assert str(kubeconfig.path) in member.source
    assert "PRIVATE" not in repr(member)


def test_names_stay_unique_and_second_import_of_a_context_is_refused(
    registry: Registry, kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    kubeconfig.add("prod", {"token": "one"})
    imported(registry, kubeconfig)
    reviewed = review(kubeconfig.path, known=[(k.id, k.record) for k in registry.known()])
    again = registry.accept(reviewed, [Choice(context="prod")])
    assert "refresh" in again.left_out[0][1]
    (tmp_path / "other").mkdir()
    other = Kubeconfig(tmp_path / "other")
    other.add("prod", {"token": "two"})
    imported(registry, other)
    assert [k.record.name for k in registry.known()] == ["prod", "prod-2"]
    with pytest.raises(RegistryRefused, match="already"):
        registry.change(registry.known()[1], lambda r: replace(r, name="prod"), act="cluster rename")


def test_a_hostile_name_is_stored_inert_and_refresh_still_finds_its_context(
    registry: Registry, kubeconfig: Kubeconfig
) -> None:
    hostile = "pr\u202eod\x1b[31m"
    kubeconfig.add(hostile, {"token": "t"}, server="https://a.example")
    imported(registry, kubeconfig)
    [known] = registry.known()
    assert known.record.name == "pr·od·"
    assert known.record.source.context == hostile
    [found] = compare(registry, [known])
    assert (found.trouble, found.changes) == ("", ())


def test_changes_from_two_windows_conflict(registry: Registry, kubeconfig: Kubeconfig) -> None:
    kubeconfig.add("prod", {"token": "t"})
    imported(registry, kubeconfig)
    [seen] = registry.known()
    registry.change(seen, lambda r: replace(r, protected=True), act="cluster protect")
    with pytest.raises(RecordConflict):
        registry.change(seen, lambda r: replace(r, protected=False), act="cluster unprotect")
    assert registry.known()[0].record.protected


def test_every_change_is_in_the_journal_and_no_secret_is(registry: Registry, kubeconfig: Kubeconfig) -> None:
    kubeconfig.add("prod", {"token": "canary-token-41"})
    imported(registry, kubeconfig)
    [seen] = registry.known()
    registry.change(seen, lambda r: replace(r, read_only=True), act="cluster read-only")
    registry.remove(registry.known()[0])
    entries = list(Journal(registry.vault).read())
    assert [e.act for e in entries] == ["cluster import", "cluster read-only", "cluster remove"]
    assert "canary" not in repr(entries)
    assert registry.known() == []


# -- approvals


@pytest.fixture
def cloud(registry: Registry, kubeconfig: Kubeconfig, tmp_path: Path) -> Path:
    """A cluster whose plugin was approved at import; gives the program."""
    program, _ = plugin(tmp_path)
    kubeconfig.add("cloud", exec_user(str(program)))
    imported(registry, kubeconfig, approve_program=True)
    return program


def runnable(vault: Vault) -> bool:
    access = members(vault)[0].access
    assert access.exec is not None
    try:
        check_approval(access.exec, access)
    except ExecNotApproved:
        return False
    return True


def test_approved_plugin_may_run(vault: Vault, cloud: Path) -> None:
    assert runnable(vault)


def test_approval_ends_when_the_program_changes(vault: Vault, cloud: Path) -> None:
    cloud.write_text("#!/bin/sh\necho something else\n")
    assert not runnable(vault)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to give a file away")
def test_approval_ends_when_the_program_gets_another_owner(vault: Vault, cloud: Path) -> None:
    os.chown(cloud, 65534, 65534)
    assert not runnable(vault)


@pytest.mark.parametrize("field", ["args", "env", "server"])
def test_approval_ends_when_the_call_changes(
    vault: Vault, registry: Registry, cloud: Path, field: str
) -> None:
    [known] = registry.known()
    record = known.record
    assert record.exec is not None
    edits = {
        "args": replace(record, exec=replace(record.exec, args=("other",))),
        "env": replace(record, exec=replace(record.exec, env=(("A", "B"),))),
        "server": replace(record, server="https://elsewhere.example"),
    }
    registry.change(known, lambda _: edits[field], act="test")
    assert not runnable(vault)


def test_approval_is_for_one_cluster_only(vault: Vault, registry: Registry, cloud: Path) -> None:
    [known] = registry.known()
    vault.put("cluster", replace(known.record, name="twin").encode())
    by_name = {m.name: m.access for m in members(vault)}
    assert by_name["cloud"].exec.approval is not None
    assert by_name["twin"].exec.approval is None
    given = registry.approvals()[known.id]
    assert approved(by_name["twin"], given).exec.approval is None


def test_no_approval_counts_in_a_damaged_vault(vault: Vault, cloud: Path) -> None:
    db = sqlite3.connect(default_path())
    db.execute("UPDATE keyslots SET label = 'x'")
    db.commit()
    db.close()
    assert vault.damage
    assert not runnable(vault)


def test_approving_what_was_seen_not_what_came_since(vault: Vault, registry: Registry, cloud: Path) -> None:
    [known] = registry.known()
    access = known.record.access(known.id)
    seen = approval_for(access.exec, access)
    cloud.write_text("#!/bin/sh\necho swapped after the person looked\n")
    registry.approve(known, seen)
    assert not runnable(vault)
    registry.approve(known, approval_for(access.exec, access))
    assert runnable(vault)
    assert len(vault.records("trust")) == 1


# -- refresh


def test_refresh_shows_and_takes_over_what_changed(registry: Registry, kubeconfig: Kubeconfig) -> None:
    kubeconfig.add("prod", {"token": "canary-old"})
    imported(registry, kubeconfig, tags=("eu",))
    [known] = registry.known()
    known = registry.change(known, lambda r: replace(r, protected=True), act="cluster protect")
    assert compare(registry, [known])[0].changes == ()
    kubeconfig.add("prod", {"token": "canary-new"}, server="https://moved.example")
    [found] = compare(registry, [known])
    assert {c.field: c.weighty for c in found.changes} == {"server": True, "token": False}
    shown = " ".join(f"{c.before} {c.after}" for c in found.changes)
    assert "https://moved.example" in shown
    assert "canary" not in shown
    assert registry.known()[0].record.token == b"canary-old", "not before somebody agreed"
    take_over(registry, found)
    [fresh] = registry.known()
    assert (fresh.record.token, fresh.record.server) == (b"canary-new", "https://moved.example")
    assert (fresh.record.protected, fresh.record.tags) == (True, ("eu",))


def test_refresh_says_when_file_or_context_is_gone(registry: Registry, kubeconfig: Kubeconfig) -> None:
    kubeconfig.add("one", {"token": "t"})
    kubeconfig.add("two", {"token": "t"})
    imported(registry, kubeconfig)
    del kubeconfig.clusters["two"], kubeconfig.users["two"]
    kubeconfig.write()
    found = compare(registry, registry.known())
    assert [bool(f.trouble) for f in found] == [False, True]
    kubeconfig.path.write_text("")
    assert all(f.trouble for f in compare(registry, registry.known()))
    kubeconfig.path.unlink()
    assert all(f.trouble for f in compare(registry, registry.known()))
    assert len(registry.known()) == 2


# -- identity


class FakeClient:
    def __init__(self, uid: str) -> None:
        self.uid = uid

    async def get(self, resource: object, name: str, *, namespace: str | None = None) -> bytes:
        if not self.uid:
            raise Forbidden("c", "no", code=403)
        return msgspec.json.encode({"metadata": {"uid": self.uid, "name": name}})


async def test_identity_is_noted_once_and_a_change_is_noticed(
    registry: Registry, kubeconfig: Kubeconfig, authority: Authority
) -> None:
    kubeconfig.add_certificate("prod", authority, authority.client())
    imported(registry, kubeconfig)
    [known] = registry.known()
    access = known.record.access(known.id)
    seen = await observe(FakeClient("uid-1"), access)
    assert len(seen.ca_spki) == 1
    known = note(registry, known, seen)
    assert changed(known.record.identity, seen) == ""
    other = await observe(FakeClient("uid-2"), access)
    assert "another cluster" in changed(known.record.identity, other)
    assert note(registry, known, other).record.identity == seen, "what was noted stays"
    hidden = await observe(FakeClient(""), access)
    assert changed(known.record.identity, hidden) == ""
    assert await verify(registry, known.id, FakeClient("uid-1")) == ""
    assert "another cluster" in await verify(registry, known.id, FakeClient("uid-3"))
    rekeyed = Identity(ca_spki=("00",), kube_system_uid="uid-1")
    assert "another key" in changed(known.record.identity, rekeyed)


# -- kubeconfigs made from the vault


def test_asking_kubeconfig_holds_no_secret_and_reads_back(
    registry: Registry, kubeconfig: Kubeconfig, authority: Authority
) -> None:
    pair = authority.client()
    kubeconfig.add_certificate(
        "a: &b *c",
        authority,
        pair,
        server="https://a.example",
        **{"tls-server-name": "inner", "proxy-url": "socks5://p:1"},
    )
    kubeconfig.users["a: &b *c"] |= {"as": "boss"}
    kubeconfig.add("tok", {"token": "canary-token-77"})
    imported(registry, kubeconfig)
    text = asking_kubeconfig(
        registry.known(), program=Path("/opt/na varch"), environment=[("NAVARCH_HOME", "/x y")]
    )
    assert b"canary" not in text
    assert b"key-data" not in text
    config = parse(text, origin=None)
    assert config.problems == ()
    access = config.access("a: &b *c", read_files=False)
    assert access.exec is not None
    assert access.exec.command == "/opt/na varch"
    assert access.exec.env == (("NAVARCH_HOME", "/x y"),)
    assert (access.tls_server_name, access.proxy_url) == ("inner", "socks5://p:1")
    assert access.ca_pem == authority.pem
    assert access.impersonate.user == "boss"


def test_plain_kubeconfig_says_the_same_as_the_original(
    registry: Registry, kubeconfig: Kubeconfig, authority: Authority, tmp_path: Path
) -> None:
    program, _ = plugin(tmp_path)
    kubeconfig.add_certificate("cert", authority, authority.client())
    kubeconfig.add("tok", {"token": "t"}, **{"disable-compression": True})
    kubeconfig.add("basic", {"username": "u", "password": "p"})
    kubeconfig.add("cloud", exec_user(f"./{program.name}", env=[{"name": "A", "value": "b"}]))
    imported(registry, kubeconfig)
    before = parse(kubeconfig.path.read_bytes(), origin=kubeconfig.path)
    after = parse(plain_kubeconfig(registry.known()), origin=None)
    for name in ("cert", "tok", "basic"):
        assert after.access(name, read_files=False, id="x") == before.access(name, read_files=True, id="x")
    assert after.access("cloud", read_files=False).exec.command == str(program)


@pytest.mark.parametrize(
    ("record", "works"),
    [
        (ClusterRecord(name="a", server="https://s", token=b"t"), True),
        (ClusterRecord(name="a", server="https://s", username="u", password=b"p"), False),
        (ClusterRecord(name="a", server="https://s", token=b"t", proxy_url="http://u:p@proxy:1"), False),
        (ClusterRecord(name="a", server="https://s", token=b"t", proxy_url="http://proxy:1"), True),
    ],
)
def test_clusters_that_a_plugin_cannot_stand_for_are_named(record: ClusterRecord, works: bool) -> None:
    assert (why_not(record) == "") == works


@given(
    st.builds(
        ClusterRecord,
        name=st.text(),
        server=st.text(),
        token=st.none() | st.binary(),
        source=st.just(Source()),
    )
)
def test_records_survive_the_vault(record: ClusterRecord) -> None:
    try:
        encoded = record.encode()
    except UnicodeEncodeError:
        return  # lone surrogates can't come from a file that is UTF-8
    assert ClusterRecord.decode(encoded) == record


def test_opened_again_it_is_all_there(registry: Registry, kubeconfig: Kubeconfig) -> None:
    kubeconfig.add("prod", {"token": "t"})
    imported(registry, kubeconfig)
    registry.vault.close()
    again = Vault.open()
    again.unlock(PASSPHRASE)
    assert [m.name for m in members(again)] == ["prod"]


def test_programs_are_approved_together_as_they_were_shown(
    vault: Vault, registry: Registry, kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    """For each cluster that wants one, in one change; what is another by then is left out."""
    runs, _ = plugin(tmp_path)
    for name in ("east", "west", "moved"):
        kubeconfig.add(name, exec_user(str(runs)))
    imported(registry, kubeconfig)
    programs = wanting(members(vault))
    assert [program.clusters for program in programs] == [("east", "moved", "west")]
    [moved] = [known for known in registry.known() if known.record.name == "moved"]
    registry.change(moved, lambda record: replace(record, server="https://elsewhere.example"), act="test")
    assert registry.approve_all(programs) == ["east", "west"]
    left = wanting(members(vault))
    assert [(program.clusters, program.changed) for program in left] == [(("moved",), False)]
    runs.write_text("#!/bin/sh\necho another\n")
    assert [(p.clusters, p.changed) for p in wanting(members(vault))] == [(("east", "moved", "west"), True)]
    assert "not what was approved before" in " ".join(wanting(members(vault))[0].sentences)
    assert registry.approve_all(programs) == []
    entries = [entry.act for entry in Journal(vault).read()]
    assert entries.count("program approve") == 2
