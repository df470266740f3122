"""How a member's client is made: its own connections and credentials, the fleet's common admission."""

from __future__ import annotations

from backend.fleet.member import Member
from backend.kube.admission import Admission
from backend.kube.client import Client
from backend.kube.transport import Transport


class Connector:
    """Dials API servers directly (or through the proxy that their kubeconfig names)."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def client(self, member: Member) -> Client:
        """Raises KubeError if the access can't be used at all."""
        wire = Transport(member.access, handshakes=self._admission.handshakes(member.id))
        return Client(member.access, wire=wire)
