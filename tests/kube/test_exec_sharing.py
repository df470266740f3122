"""One run of a plugin for all clusters that would get the same answer; never two that ask at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.kube.access import ClusterAccess, ExecSpec
from backend.kube.errors import CredentialError, ExecNotApproved
from backend.kube.exec_plugin import PluginCredential
from backend.kube.exec_review import approval_for
from backend.kube.exec_sharing import AT_ONCE, SharedPlugins, key
from backend.secret import Secret

Make = Callable[..., ClusterAccess]


class Run:
    """Counts runs, and how many are under way at the same time."""

    def __init__(self, *, lifetime: float | None = None) -> None:
        self.runs: list[tuple[str, bool]] = []
        self.most = 0
        self.fails = False
        self.gate = asyncio.Event()
        self.gate.set()
        self._lifetime = lifetime
        self._now = 0

    async def __call__(self, spec: ExecSpec, access: ClusterAccess, *, interactive: bool) -> PluginCredential:
        self.runs.append((access.name, interactive))
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            await self.gate.wait()
        finally:
            self._now -= 1
        if self.fails:
            raise CredentialError(access.name, "the exec plugin failed")
        ends = datetime.now(UTC) + timedelta(seconds=self._lifetime) if self._lifetime is not None else None
        return PluginCredential(token=Secret(f"t{len(self.runs)}"), certificate=None, expires=ends)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    program = tmp_path / "plugin"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)

    def build(name: str, *args: str, server: str = "https://one.example", **more: object) -> ClusterAccess:
        options = {"interactive_mode": "IfAvailable", **more}
        spec = ExecSpec(api_version="v1", command=str(program), args=args, **options)  # type: ignore[arg-type]
        access = ClusterAccess(id=name, name=name, server=server, exec=spec)
        return replace(access, exec=replace(spec, approval=approval_for(spec, access).approval))

    return build


async def ask(
    plugins: SharedPlugins,
    access: ClusterAccess,
    *,
    interactive: bool = False,
    unwanted: PluginCredential | None = None,
) -> PluginCredential:
    assert access.exec is not None
    return await plugins(access.exec, access, interactive=interactive, unwanted=unwanted)


async def test_equal_clusters_share_one_run_others_do_not(make: Make) -> None:
    run = Run()
    plugins = SharedPlugins(run)
    same = [make(f"c{i}", "get-token", server=f"https://{i}.example") for i in range(20)]
    given = await asyncio.gather(*(ask(plugins, one) for one in same))
    assert len(run.runs) == 1
    assert len({id(one) for one in given}) == 1
    await ask(plugins, make("other", "get-token", "--cluster", "x"))
    assert len(run.runs) == 2


def test_what_is_told_to_the_plugin_tells_clusters_apart(make: Make) -> None:
    def of(access: ClusterAccess) -> object:
        assert access.exec is not None
        return key(access.exec, access)

    assert of(make("a", server="https://a.example")) == of(make("b", server="https://b.example"))
    told = {"provide_cluster_info": True}
    assert of(make("a", server="https://a.example", **told)) != of(
        make("b", server="https://b.example", **told)
    )
    assert of(make("a", env=(("X", "1"),))) != of(make("a", env=(("X", "2"),)))


async def test_what_a_cluster_can_not_use_any_more_is_replaced_once(make: Make) -> None:
    run = Run()
    plugins = SharedPlugins(run)
    a, b = make("a"), make("b")
    first = await ask(plugins, a)
    assert await ask(plugins, b) is first
    second = await ask(plugins, a, unwanted=first)
    assert second is not first
    assert await ask(plugins, b, unwanted=first) is second
    assert len(run.runs) == 2


async def test_an_expired_credential_is_given_to_nobody(make: Make) -> None:
    run = Run(lifetime=-1)
    plugins = SharedPlugins(run)
    await ask(plugins, make("a"))
    await ask(plugins, make("b"))
    assert len(run.runs) == 2


async def test_never_two_programs_ask_at_the_same_time(make: Make) -> None:
    run = Run()
    run.gate.clear()
    plugins = SharedPlugins(run)
    asked = [asyncio.create_task(ask(plugins, make(f"c{i}", str(i)), interactive=True)) for i in range(4)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(run.runs) == 1
    run.gate.set()
    await asyncio.gather(*asked)
    assert len(run.runs) == 4
    assert run.most == 1


async def test_programs_without_a_person_are_few_at_a_time(make: Make) -> None:
    run = Run()
    run.gate.clear()
    plugins = SharedPlugins(run)
    asked = [asyncio.create_task(ask(plugins, make(f"c{i}", str(i)))) for i in range(AT_ONCE * 3)]
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(run.runs) == AT_ONCE
    run.gate.set()
    await asyncio.gather(*asked)
    assert run.most == AT_ONCE


async def test_a_failure_is_told_to_equal_clusters_by_their_own_name(make: Make) -> None:
    run = Run()
    run.fails = True
    plugins = SharedPlugins(run)
    for name in ("a", "b", "c"):
        with pytest.raises(CredentialError) as caught:
            await ask(plugins, make(name))
        assert caught.value.cluster == name
    assert len(run.runs) == 1
    with pytest.raises(CredentialError):
        await ask(plugins, make("a"), interactive=True)  # a person may try at once
    assert len(run.runs) == 2


async def test_only_a_cluster_whose_own_approval_holds_gets_what_another_got(make: Make) -> None:
    plugins = SharedPlugins(Run())
    await ask(plugins, make("a"))
    moved = replace(make("b"), server="https://elsewhere.example")
    with pytest.raises(ExecNotApproved, match="changed"):
        await ask(plugins, moved)
