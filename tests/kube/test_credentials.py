"""Which credential is sent, when it is renewed, and when a person is needed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.kube.access import ClusterAccess, ExecApproval, ExecSpec
from backend.kube.credentials import AFTER_401_PAUSE, FAILURE_PAUSE, TOKEN_FILE_FRESH, Credentials
from backend.kube.errors import CredentialError, ExecNotApproved, NeedsLogin
from backend.kube.exec_plugin import PluginCredential
from backend.secret import Secret
from tests.kube.pki import Authority

ACCESS = ClusterAccess(id="c", name="prod", server="https://api.example:6443")
APPROVAL = ExecApproval(path=Path("/bin/plugin"), sha256="0", fingerprint="0")


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def wall(self) -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now)


@dataclass
class FakePlugin:
    """Counts its runs and gives token-1, token-2… or what the test sets."""

    clock: Clock
    lifetime: float | None = None
    runs: list[bool] = field(default_factory=list)
    fails: bool = False
    gate: asyncio.Event | None = None

    async def __call__(
        self,
        spec: ExecSpec,
        access: ClusterAccess,
        *,
        interactive: bool,
        unwanted: PluginCredential | None = None,
    ) -> PluginCredential:
        self.runs.append(interactive)
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            raise CredentialError(access.name, "the exec plugin failed")
        expires = self.clock.wall() + timedelta(seconds=self.lifetime) if self.lifetime else None
        return PluginCredential(token=Secret(f"token-{len(self.runs)}"), certificate=None, expires=expires)


Make = Callable[..., tuple[Credentials, FakePlugin, Clock]]


@pytest.fixture
def make() -> Make:
    def build(mode: str = "Never", **more: object) -> tuple[Credentials, FakePlugin, Clock]:
        clock = Clock()
        plugin = FakePlugin(clock, **more)  # type: ignore[arg-type]
        spec = ExecSpec(api_version="v1", command="plugin", interactive_mode=mode, approval=APPROVAL)
        access = replace(ACCESS, exec=spec)
        return Credentials(access, runner=plugin, clock=clock, wall=clock.wall), plugin, clock

    return build


async def header(credentials: Credentials) -> bytes:
    authorization = (await credentials.current()).authorization
    return authorization.reveal() if authorization else b""


# --- without a plugin --------------------------------------------------------------------------------


async def test_nothing() -> None:
    credentials = Credentials(ACCESS)
    credential = await credentials.current()
    assert (credential.authorization, credential.certificate) == (None, None)
    assert not await credentials.refresh_after_401(credential)


async def test_a_token() -> None:
    assert await header(Credentials(replace(ACCESS, token=Secret("tok")))) == b"Bearer tok"


async def test_basic() -> None:
    access = replace(ACCESS, username="jane", password=Secret("p:w"))
    assert await header(Credentials(access)) == b"Basic amFuZTpwOnc="


async def test_a_certificate() -> None:
    jane = Authority().client()
    access = replace(ACCESS, client_cert_pem=jane.cert_pem, client_key_pem=jane.key_pem)
    certificate = (await Credentials(access).current()).certificate
    assert certificate is not None
    assert certificate.key_pem == jane.key_pem


@pytest.mark.parametrize("token", ["a b", "a\nb", "tok\x00", "tök", "", " \n"])
async def test_what_is_no_token_is_not_sent(token: str) -> None:
    access = replace(ACCESS, token=Secret(token) if token.strip() else None, token_file=None)
    if access.token is None:
        assert await header(Credentials(access)) == b""
        return
    with pytest.raises(CredentialError) as caught:
        await header(Credentials(access))
    assert token not in str(caught.value)


async def test_the_token_file_wins_loses_its_newline_and_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    clock = Clock()
    access = replace(ACCESS, token=Secret("inline"), token_file=file)
    credentials = Credentials(access, clock=clock)
    assert await header(credentials) == b"Bearer first"
    file.write_text("second\r\n")
    assert await header(credentials) == b"Bearer first"
    clock.now += TOKEN_FILE_FRESH + 1
    assert await header(credentials) == b"Bearer second"


async def test_a_401_reads_the_token_file_at_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first")
    credentials = Credentials(replace(ACCESS, token_file=file))
    rejected = await credentials.current()
    assert not await credentials.refresh_after_401(rejected)
    rejected = await credentials.current()
    file.write_text("second")
    assert await credentials.refresh_after_401(rejected)
    assert await header(credentials) == b"Bearer second"


@pytest.mark.parametrize("kind", ["missing", "empty", "key", "fifo", "huge"])
async def test_a_token_file_that_holds_no_token(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "token"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind != "missing":
        contents = {
            "empty": b"\n",
            "key": b"-----BEGIN OPENSSH PRIVATE KEY-----\nCANARY\n",
            "huge": b"x" * 200_000,
        }
        path.write_bytes(contents[kind])
    with pytest.raises(CredentialError) as caught:
        await header(Credentials(replace(ACCESS, token_file=path)))
    assert "CANARY" not in str(caught.value) + caught.value.detail


# --- with a plugin -----------------------------------------------------------------------------------


async def test_it_is_run_once_for_many_who_wait(make: Make) -> None:
    credentials, plugin, _ = make(gate=asyncio.Event())
    waiting = [asyncio.create_task(header(credentials)) for _ in range(20)]
    await asyncio.sleep(0)
    assert plugin.gate is not None
    plugin.gate.set()
    assert set(await asyncio.gather(*waiting)) == {b"Bearer token-1"}
    assert plugin.runs == [False]


async def test_cancelling_one_who_waits_does_not_stop_it(make: Make) -> None:
    credentials, plugin, _ = make(gate=asyncio.Event())
    first = asyncio.create_task(header(credentials))
    await asyncio.sleep(0)
    second = asyncio.create_task(header(credentials))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert plugin.gate is not None
    plugin.gate.set()
    assert await second == b"Bearer token-1"
    assert len(plugin.runs) == 1


async def test_a_static_token_wins(make: Make) -> None:
    _, plugin, _ = make()
    spec = ExecSpec(api_version="v1", command="plugin", approval=APPROVAL)
    credentials = Credentials(replace(ACCESS, exec=spec, token=Secret("static")), runner=plugin)
    assert await header(credentials) == b"Bearer static"
    assert plugin.runs == []


@pytest.mark.parametrize("mode", ["Never", "IfAvailable"])
async def test_it_is_run_again_shortly_before_its_credential_expires(make: Make, mode: str) -> None:
    credentials, plugin, clock = make(mode, lifetime=600)
    assert await header(credentials) == b"Bearer token-1"
    clock.now += 560
    assert await header(credentials) == b"Bearer token-1"
    clock.now += 15
    assert await header(credentials) == b"Bearer token-2"
    assert len(plugin.runs) == 2


async def test_a_short_life_does_not_make_it_run_for_every_request(make: Make) -> None:
    credentials, plugin, clock = make(lifetime=20)
    for _ in range(5):
        await header(credentials)
        clock.now += 3
    assert len(plugin.runs) == 1


async def test_after_a_401_many_watches_cause_one_run(make: Make) -> None:
    credentials, plugin, _ = make()
    rejected = await credentials.current()
    assert all(await asyncio.gather(*(credentials.refresh_after_401(rejected) for _ in range(20))))
    assert len(plugin.runs) == 2
    assert await header(credentials) == b"Bearer token-2"
    assert await credentials.refresh_after_401(rejected)
    assert len(plugin.runs) == 2


@pytest.mark.parametrize("mode", ["IfAvailable", "Always"])
async def test_after_a_401_a_plugin_that_could_prompt_is_not_run(make: Make, mode: str) -> None:
    credentials, plugin, _ = make(mode)
    await credentials.login(interactive=True)
    rejected = await credentials.current()
    for _ in range(5):
        with pytest.raises(NeedsLogin, match="may need a person"):
            await credentials.refresh_after_401(rejected)
    assert len(plugin.runs) == 1
    await credentials.login(interactive=True)
    assert plugin.runs == [True, True]
    assert await header(credentials) == b"Bearer token-2"


async def test_a_401_for_an_expired_credential_is_an_expiry(make: Make) -> None:
    credentials, plugin, clock = make("IfAvailable", lifetime=600)
    rejected = await credentials.current()
    clock.now += 601
    assert await credentials.refresh_after_401(rejected)
    assert len(plugin.runs) == 2


async def test_credentials_that_are_always_refused_do_not_make_it_spin(make: Make) -> None:
    credentials, plugin, clock = make()
    for _ in range(50):
        await credentials.refresh_after_401(await credentials.current())
        clock.now += 1
    assert len(plugin.runs) == 2
    clock.now += AFTER_401_PAUSE
    assert await credentials.refresh_after_401(await credentials.current())


async def test_a_failure_is_not_repeated_at_once(make: Make) -> None:
    credentials, plugin, clock = make(fails=True)
    for _ in range(10):
        with pytest.raises(CredentialError, match="failed"):
            await header(credentials)
    assert len(plugin.runs) == 1
    clock.now += FAILURE_PAUSE + 1
    plugin.fails = False
    assert await header(credentials) == b"Bearer token-2"


async def test_a_failure_of_one_that_could_prompt_waits_for_a_person(make: Make) -> None:
    credentials, plugin, clock = make("IfAvailable", fails=True)
    for _ in range(10):
        with pytest.raises(CredentialError, match="failed"):
            await header(credentials)
        clock.now += 3600
    assert len(plugin.runs) == 1
    plugin.fails = False
    await credentials.login(interactive=False)
    assert await header(credentials) == b"Bearer token-2"


async def test_one_that_always_prompts_needs_a_person(make: Make) -> None:
    credentials, plugin, _ = make("Always")
    with pytest.raises(NeedsLogin):
        await credentials.current()
    with pytest.raises(NeedsLogin):
        await credentials.login(interactive=False)
    assert plugin.runs == []
    await credentials.login(interactive=True)
    assert plugin.runs == [True]


async def test_a_login_does_not_join_a_run_without_a_person(make: Make) -> None:
    credentials, plugin, _ = make("IfAvailable", gate=asyncio.Event())
    background = asyncio.create_task(header(credentials))
    await asyncio.sleep(0)
    login = asyncio.create_task(credentials.login(interactive=True))
    await asyncio.sleep(0)
    assert plugin.gate is not None
    plugin.gate.set()
    await asyncio.gather(background, login)
    assert plugin.runs == [False, True]


async def test_what_was_never_approved_is_not_run(make: Make) -> None:
    _, plugin, _ = make()
    access = replace(ACCESS, exec=ExecSpec(api_version="v1", command="plugin"))
    with pytest.raises(ExecNotApproved):
        await Credentials(access, runner=plugin).current()
    assert plugin.runs == []


async def test_closing_ends_a_run_and_tells_those_who_wait(make: Make) -> None:
    credentials, _, _ = make(gate=asyncio.Event())
    waiting = asyncio.create_task(header(credentials))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await credentials.aclose()
    with pytest.raises(CredentialError, match="closed on this side"):
        await waiting
