"""TLS contexts: whom they trust, and that a private key never reaches a disk."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from backend.kube.access import ClusterAccess
from backend.kube.errors import CredentialError, TlsFailed
from backend.kube.tls import ClientCertificate, ssl_context
from backend.secret import Secret
from tests.kube.pki import Authority, Pair

ACCESS = ClusterAccess(id="c", name="prod", server="https://api.example:6443")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def jane(authority: Authority) -> Pair:
    return authority.client("jane")


def certificate(pair: Pair) -> ClientCertificate:
    return ClientCertificate(cert_pem=pair.cert_pem, key_pem=pair.key_pem)


def test_only_the_given_authority_is_trusted(authority: Authority) -> None:
    context = ssl_context(replace(ACCESS, ca_pem=authority.pem), None)
    assert context.cert_store_stats()["x509_ca"] == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT


def test_without_an_authority_the_systems_are_trusted() -> None:
    context = ssl_context(ACCESS, None)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_insecure_is_as_insecure_as_it_says() -> None:
    context = ssl_context(replace(ACCESS, insecure_skip_tls_verify=True), None)
    assert context.verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize("pem", [b"", b"nonsense", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nxx\n"])
def test_an_authority_that_is_none(pem: bytes) -> None:
    with pytest.raises(TlsFailed, match="certificate authority is not a certificate"):
        ssl_context(replace(ACCESS, ca_pem=pem), None)


def test_a_key_of_another_certificate(authority: Authority, jane: Pair) -> None:
    other = authority.client("joe")
    with pytest.raises(CredentialError, match="does not belong to"):
        ssl_context(ACCESS, ClientCertificate(cert_pem=jane.cert_pem, key_pem=other.key_pem))


@pytest.mark.parametrize(
    "key", [b"", b"CANARY", b"-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n"]
)
def test_a_key_that_is_none_is_not_repeated(jane: Pair, key: bytes) -> None:
    with pytest.raises(CredentialError, match="not a private key") as caught:
        ssl_context(ACCESS, ClientCertificate(cert_pem=jane.cert_pem, key_pem=Secret(key)))
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_certificate_that_is_none(jane: Pair) -> None:
    with pytest.raises(CredentialError, match="client certificate is not in PEM"):
        ssl_context(ACCESS, ClientCertificate(cert_pem=b"x", key_pem=jane.key_pem))


@pytest.mark.parametrize("in_memory", [True, False])
def test_an_encrypted_key_is_refused_without_asking_on_the_terminal(
    in_memory: bool, jane: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not in_memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    encrypted = jane.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"passphrase"),
    )
    with pytest.raises(CredentialError, match="encrypted with a passphrase"):
        ssl_context(ACCESS, ClientCertificate(cert_pem=jane.cert_pem, key_pem=Secret(encrypted)))


def _key_words(pair: Pair) -> list[bytes]:
    """The lines of the key's base64: none of them may be found in a file."""
    return [line for line in pair.key_bytes.splitlines() if len(line) > 20 and b"-----" not in line]


def test_the_encrypted_file_is_unreadable_and_gone(
    jane: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no memfd: what the file held while it existed does not contain the key."""
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    monkeypatch.delattr(os, "memfd_create", raising=False)
    seen: list[tuple[bytes, int, int]] = []
    original = ssl.SSLContext.load_cert_chain

    def spy(self: ssl.SSLContext, certfile: str, keyfile: object = None, password: object = None) -> None:
        path = Path(certfile)
        seen.append((path.read_bytes(), path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777))
        original(self, certfile, keyfile, password)  # type: ignore[arg-type]

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", spy)
    ssl_context(ACCESS, certificate(jane))
    [(content, mode, folder_mode)] = seen
    assert b"ENCRYPTED PRIVATE KEY" in content
    assert not any(word in content for word in _key_words(jane))
    assert (mode, folder_mode) == (0o600, 0o700)
    assert [p for p in (tmp_path / "home").rglob("*") if p.is_file()] == []


SCRIPT = """
import sys
from backend.kube.access import ClusterAccess
from backend.kube.tls import ClientCertificate, ssl_context
from backend.secret import Secret
cert, key = sys.stdin.buffer.read().split(b"=====")
certificate = ClientCertificate(cert_pem=cert, key_pem=Secret(key))
ssl_context(ClusterAccess(id="c", name="n", server="https://x"), certificate)
print("made")
"""


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="no memfd_create here")
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_on_linux_the_key_is_written_only_into_memory(jane: Pair, tmp_path: Path) -> None:
    """strace's view: no file is opened for writing, and every write of the key goes to a memfd."""
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-s", "4000", "-o", str(trace)]
    command += ["-e", "trace=write,pwrite64,writev,open,openat,creat,sendto"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "NAVARCH_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [*command, sys.executable, "-c", SCRIPT],
        input=jane.cert_pem + b"=====" + jane.key_bytes,
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=60,
        check=False,
    )
    if b"PTRACE" in done.stderr or b"ptrace" in done.stderr:
        pytest.skip("this machine does not allow ptrace")
    assert done.stdout == b"made\n", done.stderr
    lines = trace.read_bytes().splitlines()
    words = _key_words(jane)
    writes = [line for line in lines if b"write" in line.split(b"(")[0] and any(w in line for w in words)]
    assert writes, "the trace shows how the key gets into the context"
    assert all(b"memfd:navarch" in line for line in writes)
    opened = [line for line in lines if b"O_WRONLY" in line or b"O_RDWR" in line or b"O_CREAT" in line]
    assert [line for line in opened if b"/dev/" not in line] == []
