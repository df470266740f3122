"""How a member's client is made: its own connections and credentials, the fleet's common admission."""

from __future__ import annotations

from backend.fleet.member import Member
from backend.kube.admission import Admission
from backend.kube.client import Client
from backend.kube.credentials import Credentials
from backend.kube.exec_sharing import SharedPlugins
from backend.kube.transport import Transport


class Connector:
    """Dials API servers directly (or through the proxy that their kubeconfig names)."""

    def __init__(self, admission: Admission, plugins: SharedPlugins, *, attended: bool = False) -> None:
        """``attended``: a person sits at our terminal, and plugins may ask them at any time."""
        self._admission = admission
        self._plugins = plugins
        self._attended = attended

    def client(self, member: Member) -> Client:
        """Raises KubeError if the access can't be used at all."""
        credentials = Credentials(member.access, runner=self._plugins, attended=self._attended)
        wire = Transport(member.access, credentials, handshakes=self._admission.handshakes(member.id))
        return Client(member.access, wire=wire, credentials=credentials)
