"""What the client needs of the layer below it, and what it gives to the layer above."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from backend.text import SafeStr

if TYPE_CHECKING:
    from backend.kube.transport import Deadlines

Query = Sequence[tuple[str, str]]


class WireResponse(Protocol):
    """An answer whose body is still on its way, as it came: compressed if the server compressed it."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """Names in lower case; repeated headers stand repeated."""
        ...

    def chunks(self) -> AsyncGenerator[bytes, None]: ...

    async def aclose(self) -> None:
        """Give the connection back; close it when the body was not read to its end. May be called twice."""


class Wire(Protocol):
    """One cluster's transport: authenticates (again, once, after a 401) and never follows a redirect.

    Raises KubeError.
    """

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        deadline: float | Deadlines,
    ) -> WireResponse: ...

    async def reach(self) -> None:
        """Have a connection ready: what can't be reached is found out before it takes anybody's turn."""

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A finished answer with its (decompressed) body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    warnings: tuple[SafeStr, ...] = ()
    """Texts of ``Warning: 299`` headers: deprecations, admission warnings (RFC 7234 §5.5)."""
