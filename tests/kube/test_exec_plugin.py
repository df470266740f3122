"""Exec plugins for real: shell scripts that behave, hang, flood, lie, and leave children behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.kube.access import ClusterAccess, ExecSpec
from backend.kube.errors import CredentialError, ExecNotApproved
from backend.kube.exec_plugin import run_plugin
from backend.kube.exec_review import approval_for
from backend.secret import Secret
from tests.kube.pki import Authority

V1 = "client.authentication.k8s.io/v1"
ACCESS = ClusterAccess(id="c", name="prod", server="https://api.example:6443")
Plugin = Callable[..., ExecSpec]


def credential(**status: object) -> str:
    return json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": status})


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    """Write a script and approve it, as a person did at import."""

    def make(script: str, *, access: ClusterAccess = ACCESS, **more: object) -> ExecSpec:
        path = tmp_path / "plugin"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        options: dict[str, object] = {
            "api_version": V1,
            "interactive_mode": "Never",
            "command": str(path),
        } | more
        spec = ExecSpec(**options)  # type: ignore[arg-type]
        return replace(spec, approval=approval_for(spec, access).approval)

    return make


def prints(document: str) -> str:
    return f"cat <<'END'\n{document}\nEND"


async def run(spec: ExecSpec, access: ClusterAccess = ACCESS, **more: object):
    return await run_plugin(spec, access, interactive=False, **more)  # type: ignore[arg-type]


async def failure(spec: ExecSpec, **more: object) -> CredentialError:
    with pytest.raises(CredentialError) as caught:
        await run(spec, **more)
    assert caught.value.cluster == "prod"
    assert caught.value.advice
    return caught.value


async def vanished(pid: int) -> None:
    """Wait until the process is gone (a zombie of an orphan counts as gone)."""
    async with asyncio.timeout(10):
        while True:
            try:
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            except (FileNotFoundError, ProcessLookupError):
                return
            if state == "Z":
                return
            await asyncio.sleep(0.01)


async def until(path: Path) -> str:
    async with asyncio.timeout(10):
        while not (path.exists() and path.read_text().strip()):
            await asyncio.sleep(0.01)
    return path.read_text().strip()


# --- what it gives -----------------------------------------------------------------------------------


async def test_a_token_and_its_expiry(plugin: Plugin) -> None:
    spec = plugin(prints(credential(token="tok", expirationTimestamp="2030-01-02T03:04:05Z")))
    given = await run(spec)
    assert given.token == Secret("tok")
    assert given.certificate is None
    assert given.expires == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


async def test_a_client_certificate(plugin: Plugin) -> None:
    jane = Authority().client()
    document = credential(clientCertificateData=jane.cert_pem.decode(), clientKeyData=jane.key_bytes.decode())
    given = await run(plugin(prints(document)))
    assert given.token is None
    assert given.certificate is not None
    assert given.certificate.cert_pem == jane.cert_pem
    assert given.certificate.key_pem == jane.key_pem
    assert "PRIVATE" not in repr(given)


async def test_what_it_is_told(plugin: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "dev")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/evil")
    monkeypatch.setenv("MY_DATABASE_PASSWORD", "secret")
    monkeypatch.setenv("NAVARCH_PASSWORD_FILE", "/x")
    access = replace(
        ACCESS, ca_pem=b"PEM", tls_server_name="name", proxy_url="socks5://p:1", disable_compression=True
    )
    out = tmp_path / "told"
    spec = plugin(
        f'env > "{out}"; echo "$@" > "{out}.args"; cat > "{out}.stdin"\n' + prints(credential(token="t")),
        access=access,
        args=("a b", "$(id)", "*"),
        env=(("DECLARED", "x y"), ("LD_PRELOAD", "/evil.so"), ("PYTHONPATH", "/evil"), ("PATH", "/evil")),
        provide_cluster_info=True,
        cluster_config=b'{"audience":"x"}',
    )
    await run(spec, access)
    told = dict(line.partition("=")[::2] for line in out.read_text().splitlines())
    assert told["AWS_PROFILE"] == "dev"
    assert told["DECLARED"] == "x y"
    assert told["PATH"] == os.environ["PATH"]
    assert not {"LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "MY_DATABASE_PASSWORD"} & set(told)
    assert not [name for name in told if name.startswith("NAVARCH")]
    assert (tmp_path / "told.args").read_text() == "a b $(id) *\n"
    assert (tmp_path / "told.stdin").read_text() == ""
    assert json.loads(told["KUBERNETES_EXEC_INFO"]) == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {
            "interactive": False,
            "cluster": {
                "server": "https://api.example:6443",
                "tls-server-name": "name",
                "certificate-authority-data": "UEVN",
                "proxy-url": "socks5://p:1",
                "disable-compression": True,
                "config": {"audience": "x"},
            },
        },
    }


async def test_it_reads_nothing_of_ours(plugin: Plugin, tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"typed by a person\n")
    os.close(write_end)
    saved = os.dup(0)
    os.dup2(read_end, 0)
    try:
        await run(plugin(f'cat > "{tmp_path / "read"}"\n' + prints(credential(token="t"))))
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        os.close(read_end)
    assert (tmp_path / "read").read_text() == ""


async def test_with_a_person_there_it_may_ask_unless_it_never_does(plugin: Plugin, tmp_path: Path) -> None:
    out = tmp_path / "read"
    for mode, expected in (("IfAvailable", "typed\n"), ("Never", "")):
        read_end, write_end = os.pipe()
        os.write(write_end, b"typed\n")
        os.close(write_end)
        saved = os.dup(0)
        os.dup2(read_end, 0)
        try:
            spec = plugin(f'cat > "{out}"\n' + prints(credential(token="t")), interactive_mode=mode)
            await run_plugin(spec, ACCESS, interactive=True)
        finally:
            os.dup2(saved, 0)
            os.close(saved)
            os.close(read_end)
        assert out.read_text() == expected


async def test_the_cluster_is_not_told_unless_asked_for(plugin: Plugin, tmp_path: Path) -> None:
    out = tmp_path / "told"
    await run(plugin(f'echo "$KUBERNETES_EXEC_INFO" > "{out}"\n' + prints(credential(token="t"))))
    assert json.loads(out.read_text())["spec"] == {"interactive": False}


# --- what goes wrong ---------------------------------------------------------------------------------


async def test_never_approved(plugin: Plugin, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    spec = replace(plugin(f'touch "{ran}"'), approval=None)
    with pytest.raises(ExecNotApproved, match="never approved"):
        await run(spec)
    assert not ran.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"args": ("other",)},
        {"env": (("A", "b"),)},
        {"command": "/bin/other"},
        {"api_version": "client.authentication.k8s.io/v1beta1"},
        {"provide_cluster_info": True},
    ],
)
async def test_called_otherwise_than_approved(
    plugin: Plugin, tmp_path: Path, change: dict[str, object]
) -> None:
    ran = tmp_path / "ran"
    spec = replace(plugin(f'touch "{ran}"'), **change)  # type: ignore[arg-type]
    with pytest.raises(ExecNotApproved, match="was changed"):
        await run(spec)
    assert not ran.exists()


async def test_another_server_than_approved(plugin: Plugin) -> None:
    with pytest.raises(ExecNotApproved):
        await run(plugin("true"), replace(ACCESS, server="https://evil.example"))


async def test_the_program_was_changed(plugin: Plugin, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    spec = plugin("true")
    (tmp_path / "plugin").write_text(f'#!/bin/sh\ntouch "{ran}"\n')
    with pytest.raises(ExecNotApproved, match="was changed since it was approved"):
        await run(spec)
    assert not ran.exists()


async def test_a_missing_program_shows_its_install_hint_inert(plugin: Plugin, tmp_path: Path) -> None:
    spec = plugin("true", install_hint="Get it from \x1b]52;c;ZXZpbA==\x07 the shop")
    (tmp_path / "plugin").unlink()
    error = await failure(spec)
    assert "can't be run" in error.sentence
    assert "the shop" in error.advice
    assert "\x1b" not in error.advice


async def test_it_fails(plugin: Plugin) -> None:
    error = await failure(plugin("echo 'no session, \x1b[31mlog in' >&2; exit 3"))
    assert "ended with code 3" in error.sentence
    assert "no session" in error.detail
    assert "\x1b" not in error.detail


async def test_it_is_killed(plugin: Plugin) -> None:
    assert "signal 9" in (await failure(plugin("kill -9 $$"))).sentence


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("hello CANARY", "not an ExecCredential"),
        ("", "not an ExecCredential"),
        ('{"status": {"token": 5, "x": "CANARY"}}', "not an ExecCredential"),
        ('{"status": {"token": "CANARY"}}', "instead of"),
        (credential(token="CANARY").replace("/v1", "/v1beta1"), "v1beta1 ExecCredential instead of"),
        (credential(token="CANARY").replace('ExecCredential"', 'Pod"'), "v1 Pod instead of"),
        (credential(), "neither a token nor"),
        (credential(token=""), "neither a token nor"),
        (credential(clientKeyData="CANARY", token="t"), "without the other"),
        (credential(clientCertificateData="CANARY"), "without the other"),
        (credential(token="CANARY", expirationTimestamp="soon"), "not an ExecCredential"),
    ],
)
async def test_it_prints_rubbish(plugin: Plugin, printed: str, words: str) -> None:
    error = await failure(plugin(prints(printed)))
    assert words in error.sentence
    assert "CANARY" not in str(error) + error.detail + error.advice


async def test_it_floods_stderr(plugin: Plugin) -> None:
    given = await run(
        plugin("head -c 3000000 /dev/zero | tr '\\0' x >&2\n" + prints(credential(token="tok")))
    )
    assert given.token == Secret("tok")


async def test_it_floods_stderr_and_fails(plugin: Plugin) -> None:
    error = await failure(plugin("head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 1"))
    assert len(error.detail) <= 70_000


async def test_it_floods_stdout(plugin: Plugin) -> None:
    assert "printed more than" in (await failure(plugin("head -c 3000000 /dev/zero"))).sentence


@pytest.mark.parametrize("stream", ["", ">&2"])
async def test_one_that_never_stops_printing_is_ended_at_once(plugin: Plugin, stream: str) -> None:
    """Not at its deadline: reading it would keep a core busy for a minute."""
    with pytest.raises(CredentialError, match="KiB and was ended"):
        await asyncio.wait_for(run(plugin(f"yes {stream}"), deadline=1000), 60)


async def test_it_hangs_and_nothing_of_it_is_left(plugin: Plugin, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    error = await failure(plugin(f'sleep 600 & echo $$ $! > "{pids}"; wait'), deadline=0.5)
    assert "did not finish" in error.sentence
    for pid in pids.read_text().split():
        await vanished(int(pid))


async def test_it_ignores_being_asked_to_end(plugin: Plugin, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    await failure(plugin(f"trap '' TERM; echo $$ > \"{pids}\"; while :; do sleep 1; done"), deadline=0.5)
    await vanished(int(pids.read_text()))


async def test_a_child_it_left_behind_is_ended_and_does_not_hold_us_up(
    plugin: Plugin, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    spec = plugin(f'sleep 600 & echo $! > "{pids}"\n' + prints(credential(token="tok")))
    assert (await run(spec)).token == Secret("tok")
    await vanished(int(pids.read_text()))


async def test_cancelling_ends_it(plugin: Plugin, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    task = asyncio.create_task(run(plugin(f'sleep 600 & echo $$ $! > "{pids}"; wait')))
    started = (await until(pids)).split()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for pid in started:
        await vanished(int(pid))


@pytest.mark.skipif(shutil.which("setsid") is None, reason="no setsid here")
async def test_a_daemon_that_gets_away_keeps_no_pipe_of_ours(plugin: Plugin, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    daemon = f"setsid sh -c 'echo $$ > \"{pid}\"; exec sleep 600' &\n"
    wait = f'while ! [ -s "{pid}" ]; do :; done\n'
    before = len(os.listdir("/proc/self/fd"))
    assert (await run(plugin(daemon + wait + prints(credential(token="tok"))))).token == Secret("tok")
    try:
        assert len(os.listdir("/proc/self/fd")) <= before
    finally:
        os.kill(int(pid.read_text()), signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc")
async def test_no_descriptor_is_left_by_any_ending(plugin: Plugin) -> None:
    scripts = [
        prints(credential(token="t")),
        "exit 1",
        "sleep 600",
        "sleep 600 & exit 0",
        "head -c 2000000 /dev/zero",
    ]

    async def every_ending() -> None:
        for script in scripts:
            with contextlib.suppress(CredentialError):
                await run(plugin(script), deadline=0.3)
        with contextlib.suppress(CredentialError):
            await run(plugin("true", command="/nowhere/plugin"))

    await every_ending()
    gc.collect()
    before = sorted(os.listdir("/proc/self/fd"))
    await every_ending()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= len(before)


async def test_it_cannot_reach_our_terminal(plugin: Plugin) -> None:
    spec = plugin("if (: < /dev/tty) 2>/dev/null; then exit 9; fi\n" + prints(credential(token="tok")))
    assert (await run(spec)).token == Secret("tok")
