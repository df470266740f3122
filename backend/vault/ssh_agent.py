"""The two questions that a key slot asks of ssh-agent: which keys, and a signature by one of them.

The protocol is draft-ietf-sshm-ssh-agent (messages of SSH strings behind a length); small enough that a whole
SSH library would be more to trust.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import struct
import time
from dataclasses import dataclass

from backend.vault.errors import VaultError

SECONDS = 10.0
"""An agent may ask its person to agree to a signature."""
_LARGEST = 256 * 1024
_REQUEST_IDENTITIES, _IDENTITIES = 11, 12
_SIGN_REQUEST, _SIGN_RESPONSE = 13, 14
_RSA_SHA2_512 = 4
DETERMINISTIC = frozenset({b"ssh-ed25519", b"ssh-rsa"})
"""Kinds whose signatures are the same every time. ECDSA's are random, those of hardware keys count up."""


class AgentUnusable(VaultError):
    """There is no agent, it does not answer, or it lacks the key."""

    exit_code = 3
    default_advice = "Is the agent there, with the key in it? See: ssh-add -l"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentKey:
    blob: bytes
    """The public key in SSH's wire form."""
    comment: str

    @property
    def kind(self) -> bytes:
        return _string(self.blob, 0)[0]

    @property
    def fingerprint(self) -> str:
        """As ``ssh-add -l`` shows it."""
        digest = hashlib.sha256(self.blob).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def held_keys() -> list[AgentKey]:
    """The agent's keys. Raises AgentUnusable."""
    kind, body = _asked(bytes([_REQUEST_IDENTITIES]))
    if kind != _IDENTITIES:
        raise AgentUnusable("The SSH agent does not tell its keys.")
    try:
        found, at = [], 4
        for _ in range(struct.unpack_from(">I", body)[0]):
            blob, at = _string(body, at)
            comment, at = _string(body, at)
            found.append(AgentKey(blob=blob, comment=comment.decode("utf-8", "replace")))
    except (struct.error, ValueError) as error:
        raise AgentUnusable("The SSH agent's answer makes no sense.") from error
    return found


def signature(key: bytes, message: bytes) -> bytes:
    """The signature by the key with this blob, as the agent gives it. Raises AgentUnusable."""
    flags = _RSA_SHA2_512 if _string(key, 0)[0] == b"ssh-rsa" else 0
    request = bytes([_SIGN_REQUEST]) + _packed(key) + _packed(message) + struct.pack(">I", flags)
    kind, body = _asked(request)
    if kind != _SIGN_RESPONSE:
        raise AgentUnusable("The SSH agent did not sign: the key is not in it, or it was refused.")
    try:
        return _string(body, 0)[0]
    except (struct.error, ValueError) as error:
        raise AgentUnusable("The SSH agent's answer makes no sense.") from error


def signature_parts(given: bytes) -> tuple[bytes, bytes]:
    """(algorithm, raw signature) of what :func:`signature` gave. Raises ValueError."""
    try:
        algorithm, at = _string(given, 0)
        return algorithm, _string(given, at)[0]
    except struct.error as error:
        raise ValueError("not a signature") from error


def _asked(request: bytes) -> tuple[int, bytes]:
    place = os.environ.get("SSH_AUTH_SOCK", "")
    if not place:
        raise AgentUnusable("There is no SSH agent here (SSH_AUTH_SOCK is not set).")
    end = time.monotonic() + SECONDS
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as agent:
            agent.settimeout(SECONDS)
            agent.connect(place)
            agent.sendall(_packed(request))
            length = struct.unpack(">I", _exactly(agent, 4, end))[0]
            if not 1 <= length <= _LARGEST:
                raise AgentUnusable("The SSH agent's answer makes no sense.")
            answer = _exactly(agent, length, end)
    except TimeoutError:
        raise AgentUnusable(f"The SSH agent did not answer within {SECONDS:.0f} seconds.") from None
    except OSError as error:
        raise AgentUnusable(f"The SSH agent can't be reached: {error.strerror or 'it hung up'}.") from error
    return answer[0], answer[1:]


def _exactly(agent: socket.socket, count: int, end: float) -> bytes:
    """The deadline is for the whole answer: an agent that drips bytes is as dead as a silent one."""
    data = bytearray()
    while len(data) < count:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        agent.settimeout(left)
        more = agent.recv(count - len(data))
        if not more:
            raise ConnectionResetError
        data += more
    return bytes(data)


def _packed(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    """(SSH string at this place, where the next thing begins)."""
    length = struct.unpack_from(">I", data, at)[0]
    end = at + 4 + length
    if end > len(data):
        raise ValueError("cut off")
    return data[at + 4 : end], end
