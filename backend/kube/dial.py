"""Opening a byte stream to an API server: directly, or through whatever stands behind ``StreamOpener``.

A proxy or an SSH connection is one more opener; TLS is laid over the stream here, so that it is the same
whatever carries it. Every failure leaves as an error that names the host and port and says what to do.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol

import anyio
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute, TLSStream

from backend.kube.errors import DeadlineExceeded, KubeError, TlsFailed, Unreachable
from backend.kube.origin import Origin
from backend.kube.tls_words import handshake_failure
from backend.text import safe_text

Handshakes = Callable[[], AbstractAsyncContextManager[object]]
"""Entered around each opening of a connection, so that a fleet's start doesn't open hundreds at once."""


class OpenFailed(OSError):
    """An opener's own failure, with its words: a proxy that refused, a jump host that needs a login."""

    def __init__(self, sentence: str, *, advice: str = "") -> None:
        super().__init__(sentence)
        self.sentence = safe_text(sentence)
        self.advice = safe_text(advice)


class StreamOpener(Protocol):
    """Gives a byte stream to a host and port, by whatever way."""

    @property
    def via(self) -> str:
        """How it gets there, for people ("proxy proxy.example:3128"); empty when directly. No secrets."""
        ...

    async def open(self, host: str, port: int, deadline: float) -> ByteStream:
        """Open a stream within ``deadline`` seconds.

        Raises OSError (``OpenFailed`` where it can say more) or TimeoutError; closes what it opened.
        """
        ...


class Dialer:
    """Opens streams to one origin and says in words why it could not."""

    def __init__(
        self, cluster: str, origin: Origin, opener: StreamOpener, *, handshakes: Handshakes | None = None
    ) -> None:
        self._cluster = cluster
        self._origin = origin
        self._opener = opener
        self._handshakes: Handshakes = handshakes or nullcontext
        self.server_certificate: bytes | None = None
        """What the server showed last, in DER form."""

    async def connect(
        self, tls: Callable[[], ssl.SSLContext | None], *, server_name: str, deadline: float
    ) -> ByteStream:
        """A stream to the origin, with TLS if ``tls`` gives a context, for whom it must name ``server_name``.

        ``deadline`` is in seconds and starts when admission lets us begin. Raises Unreachable,
        DeadlineExceeded or TlsFailed.
        """
        async with self._handshakes():
            with self._in_words(deadline), anyio.fail_after(deadline):
                context = tls()
                stream = await self._opener.open(self._origin.host, self._origin.port, deadline)
                if context is None:
                    return stream
                async with _closed_on_failure(stream):
                    secured = await TLSStream.wrap(
                        stream,
                        ssl_context=context,
                        hostname=server_name,
                        server_side=False,
                        standard_compatible=False,
                    )
                self.server_certificate = secured.extra(TLSAttribute.peer_certificate_binary, None)  # noqa: S610  no Django
                return secured

    @contextlib.contextmanager
    def _in_words(self, deadline: float) -> Iterator[None]:
        try:
            yield
        except KubeError:
            raise
        except TimeoutError as error:
            raise DeadlineExceeded(
                self._cluster, f"{self._place} did not accept a connection within {deadline:g} s"
            ) from error
        except ssl.SSLError as error:
            sentence, advice = handshake_failure(error, self._place)
            raise TlsFailed(self._cluster, sentence, advice=advice, detail=error) from error
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise TlsFailed(
                self._cluster,
                f"{self._place} closed the connection during the TLS handshake",
                advice="Check that the port is the API server's, and that no proxy in between cuts it.",
            ) from error
        except OpenFailed as error:
            raise Unreachable(self._cluster, error.sentence, advice=error.advice) from error
        except OSError as error:
            raise Unreachable(self._cluster, _os_failure(error, self._origin, self._place)) from error

    @property
    def _place(self) -> str:
        via = self._opener.via
        return f"{self._origin.authority} (through {via})" if via else self._origin.authority


@contextlib.asynccontextmanager
async def _closed_on_failure(stream: ByteStream) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        with anyio.move_on_after(2, shield=True):
            await stream.aclose()
        raise


_ERRNO_WORDS = {
    errno.ECONNREFUSED: "refused the connection",
    errno.ECONNRESET: "reset the connection",
    errno.EHOSTUNREACH: "can't be reached: no route to the host",
    errno.ENETUNREACH: "can't be reached: no route to its network",
    errno.ETIMEDOUT: "did not answer",
    errno.EACCES: "can't be reached: this machine's rules forbid it",
    errno.EPERM: "can't be reached: this machine's rules forbid it",
    errno.EMFILE: "can't be reached: too many open files (raise ulimit -n)",
}


def _os_failure(error: OSError, origin: Origin, place: str) -> str:
    """What the system said, in words; with several addresses, what was said about the last."""
    root = _root_cause(error)
    if isinstance(root, socket.gaierror):
        return f"the name {origin.host} can't be resolved ({root.strerror or root})"
    words = _ERRNO_WORDS.get(root.errno or 0)
    return f"{place} {words}" if words else f"{place} can't be reached: {root.strerror or root}"


def _root_cause(error: OSError) -> OSError:
    """anyio reports "all attempts failed" with the real errors behind it."""
    cause: BaseException | None = error.__cause__
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[-1]
    return cause if isinstance(cause, OSError) else error
