"""The store: what was kept comes back, to whoever has the key; bounded, shared, never readable without it."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

import pytest

from backend.observe.events.blocks import HEADER_BYTES
from backend.observe.events.disk import StoreError
from backend.observe.events.seen import Seen
from backend.observe.events.store import EventStore, Limits, folder_of
from backend.vault import Vault
from backend.vault.kdf import fresh_params
from backend.vault.rekey import rotate
from tests.faults.canary.search import Canaries
from tests.observe.events.sightings import sighting

SECRET = "a passphrase for events"


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    kdf = fresh_params(memory=16, passes=1, lanes=1)
    return Vault.create(tmp_path / "vault.db", passphrase=SECRET, kdf=kdf)[0]


@pytest.fixture
def store(vault: Vault) -> EventStore:
    return EventStore.beside(vault)


def now_seen(name: str, *, ago: float = 60.0, count: int = 1, **more: object) -> Seen:
    """An event of these days: the store looks at the clock."""
    at = time.time() - ago
    fields = {f: getattr(sighting(name, **more), f) for f in Seen.__struct_fields__}
    return Seen(**fields | {"first": at, "last": at, "count": count, "version": f"{count}"})  # type: ignore[arg-type]


def file_of(store: EventStore) -> Path:
    (path,) = store._paths()
    return path


def test_what_was_kept_comes_back_in_its_latest_state(vault: Vault, store: EventStore) -> None:
    assert store.load("eu") == []
    first, later = now_seen("a"), now_seen("a", ago=5, count=9)
    assert store.append("eu", [first, now_seen("b")]) == 2
    assert store.append("eu", [later]) == 1
    store.append("us", [now_seen("c")])
    store.close()
    again = EventStore.beside(vault)
    assert {(e.event_name, e.count) for e in again.load("eu")} == {("a", 9), ("b", 1)}
    assert [e.event_name for e in again.load("us")] == ["c"]
    assert again.load("nobody") == []


def test_the_same_state_is_kept_once_even_by_two_consoles(vault: Vault, store: EventStore) -> None:
    other = EventStore.beside(vault)
    assert store.append("eu", [now_seen("a")]) == 1
    one = now_seen("a")
    assert store.append("eu", [one]) == other.append("eu", [one]) == 0
    assert other.append("eu", [now_seen("b")]) == 1
    assert store.append("eu", [now_seen("b"), now_seen("c")]) == 1
    assert len(store.load("eu")) == len(other.load("eu")) == 3


def test_a_file_made_anew_by_another_console_is_noticed(vault: Vault, store: EventStore) -> None:
    other = EventStore.beside(vault)
    store.append("eu", [now_seen("a")])
    other.append("eu", [now_seen("b")])
    with other._held():
        other._rewrite(other._tag("eu"), other._read(other._tag("eu"))[1])
    store.append("eu", [now_seen("c")])
    assert {e.event_name for e in other.load("eu")} == {"a", "b", "c"}


def test_what_is_too_old_goes(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    store = EventStore.beside(vault, limits=Limits(days=1))
    store.append("eu", [now_seen("old", ago=2 * 86400), now_seen("new")])
    assert [e.event_name for e in store.load("eu")] == ["new"]
    before = store.size()
    there = time.time()
    monkeypatch.setattr(time, "time", lambda: there + 87000)
    store.tidy(["eu"])
    assert store.size() < before
    assert store.load("eu") == []


def test_what_is_too_much_goes_the_oldest_first_and_small_clusters_keep_all(vault: Vault) -> None:
    store = EventStore.beside(vault, limits=Limits(megabytes=1))
    store.append("small", [now_seen("a")])
    crowd = [now_seen(f"e{n}", ago=20_000 - n, message=secrets.token_hex(600)) for n in range(4000)]
    for start in range(0, len(crowd), 500):
        store.append("large", crowd[start : start + 500])
    store.tidy(["small", "large"])
    assert store.size() <= 1 << 20
    kept = store.load("large")
    assert 0 < len(kept) < len(crowd)
    assert kept[-1].event_name == "e3999"
    assert len(store.load("small")) == 1


def test_a_cluster_that_is_removed_takes_its_events_along(store: EventStore) -> None:
    for cluster in ("eu", "us", "asia"):
        store.append(cluster, [now_seen("a")])
    store.forget(["eu"])
    assert store.load("eu") == []
    store.tidy(["us"])
    assert len(store._paths()) == 1
    assert len(store.load("us")) == 1


def test_a_new_key_of_the_vault_is_a_new_key_here_too(vault: Vault, store: EventStore) -> None:
    store.append("eu", [now_seen("a")])
    folder = store._folder
    rotate(vault, passphrases=[SECRET])
    after = EventStore.beside(vault)
    assert after._folder != folder
    after.append("eu", [now_seen("b")])
    after.tidy(["eu"])
    assert {e.event_name for e in after.load("eu")} == {"a", "b"}
    assert not folder.exists()


def test_nothing_readable_is_on_disk(vault: Vault, store: EventStore) -> None:
    words = {name: f"canary-{secrets.token_hex(8)}".encode() for name in ("message", "name", "cluster")}
    event = now_seen("x", message=words["message"].decode(), about=f"Pod/pay/{words['name'].decode()}")
    store.append(words["cluster"].decode(), [event])
    folder = folder_of(vault.path)
    assert Canaries(**words).on_disk(folder.parent) == []
    assert [oct(path.stat().st_mode & 0o777) for path in (folder, file_of(store))] == ["0o700", "0o600"]
    store.close()
    assert bytes(store._key.seal) == bytes(32)
    with pytest.raises(StoreError, match="closed"):
        store.load("eu")


def test_a_folder_open_to_others_is_refused(vault: Vault, store: EventStore) -> None:
    store.append("eu", [now_seen("a")])
    folder_of(vault.path).chmod(0o755)
    with pytest.raises(StoreError, match="not yours alone"):
        store.append("eu", [now_seen("b")])


def test_a_link_in_the_place_of_a_file_is_refused(tmp_path: Path, store: EventStore) -> None:
    store.append("eu", [now_seen("a")])
    path = file_of(store)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        store.load("eu")


def test_a_block_moved_or_left_out_is_noticed(store: EventStore) -> None:
    for name in "abc":
        store.append("eu", [now_seen(name)])
    path = file_of(store)
    data = path.read_bytes()
    length = int.from_bytes(data[HEADER_BYTES : HEADER_BYTES + 4]) + 8
    path.write_bytes(data[:HEADER_BYTES] + data[HEADER_BYTES + length :])
    assert {e.event_name for e in store.load("eu")} <= {"b", "c"}
    assert "damaged" in store.problems[0]


def test_flips_lose_at_most_their_block_and_no_other_cluster(vault: Vault, store: EventStore) -> None:
    for name in "abcdef":
        store.append("eu", [now_seen(name)])
    store.append("us", [now_seen("z")])
    path = store._path(store._tag("eu"))
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        broken = bytearray(whole)
        broken[place] ^= 0x20
        path.write_bytes(bytes(broken))
        fresh = EventStore.beside(vault)
        found = {e.event_name for e in fresh.load("eu")}
        # The head of the file names it, and every block is sealed to that name.
        assert len(found) >= (5 if place >= HEADER_BYTES else 0), place
        assert len(fresh.problems) == 1, place
        assert "set aside" in fresh.problems[0]
        assert {e.event_name for e in EventStore.beside(vault).load("eu")} == found
        fresh.append("eu", [now_seen("new")])
        assert [e.event_name for e in fresh.load("us")] == ["z"]
        assert path.with_suffix(".damaged").read_bytes() == bytes(broken)


def test_cut_at_any_byte_the_rest_goes_on(vault: Vault, store: EventStore) -> None:
    for name in "abc":
        store.append("eu", [now_seen(name)])
    path = file_of(store)
    whole = path.read_bytes()
    for size in range(0, len(whole), 11):
        path.write_bytes(whole[:size])
        fresh = EventStore.beside(vault)
        fresh.append("eu", [now_seen("after")])
        assert fresh.problems == []
        names = [e.event_name for e in EventStore.beside(vault).load("eu")]
        assert "after" in names
        assert set(names) - {"after"} <= set("abc")


def test_what_was_broken_off_is_cut_away_before_less_is_written(vault: Vault, store: EventStore) -> None:
    store.append("eu", [now_seen("a")])
    store.append("eu", [now_seen(f"e{n}", message=secrets.token_hex(900)) for n in range(50)])
    path = file_of(store)
    os.truncate(path, path.stat().st_size - 10)
    EventStore.beside(vault).append("eu", [now_seen("small")])
    again = EventStore.beside(vault)
    assert {e.event_name for e in again.load("eu")} == {"a", "small"}
    assert again.problems == []


def test_no_file_is_left_open(store: EventStore) -> None:
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    for number in range(20):
        store.append("eu", [now_seen(f"e{number}")])
        store.load("eu")
    assert not before or len(os.listdir("/proc/self/fd")) == before
