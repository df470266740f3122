"""What a command says when it fails: one sentence, the cluster, the next step; never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from console.cli.exits import Exit

INTERRUPTED = 130


def guarded(run: Callable[[], int]) -> int:
    """Run a command and turn whatever it raises into words on stderr and an exit code."""
    try:
        code = run()
        sys.stdout.flush()  # here, where a vanished reader is still handled
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone; that is no error. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:
        code_asked_for = _asked_for(error)
        return _explain(error) if code_asked_for is None else code_asked_for


def _asked_for(error: Exception) -> int | None:
    """The exit code of a command that left on purpose, in Typer's manner."""
    from typer import Abort
    from typer import Exit as TyperExit

    if isinstance(error, TyperExit):
        return int(error.exit_code)
    return INTERRUPTED if isinstance(error, Abort) else None


def _explain(error: Exception) -> int:
    from backend.kube.errors import KubeError
    from backend.text import safe_text

    show = getattr(error, "show", None)
    if show is not None and isinstance(code := getattr(error, "exit_code", None), int):
        error.message = safe_text(getattr(error, "message", ""), multiline=True)  # type: ignore[attr-defined]
        show()  # a usage error of the command line: Typer's own words around an argument
        return code
    if isinstance(error, KubeError):
        say(f"{error.cluster}: {error.sentence}", error.advice)
        return Exit.FAILED
    sentence, advice = getattr(error, "sentence", ""), getattr(error, "advice", "")
    if sentence:
        say(str(sentence), str(advice))
        return int(getattr(error, "exit_code", Exit.FAILED))
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        say(safe_text(f"{where}{error.strerror or error}"))
        return Exit.FAILED
    _log(error)
    if os.environ.get("NAVARCH_DEBUG"):
        raise error
    say(
        f"something unexpected went wrong ({type(error).__name__}). This is a bug in Navarch.",
        "Run it again with NAVARCH_DEBUG=1 for the details (they may hold names of your clusters).",
    )
    return Exit.FAILED


def _log(error: Exception) -> None:
    """A mistake in Navarch is kept for the support bundle: its kind and place, never its words."""
    from backend import log
    from backend.crash import report

    log.start()
    log.note("crash", places=report(error).splitlines()[1:-1])


def say(sentence: str, advice: str = "") -> None:
    """Words go to stderr, so that data on stdout stays clean. Whatever is in them, a terminal may have it."""
    from backend.text import safe_text

    print(f"navarch: {safe_text(sentence, multiline=True)}", file=sys.stderr)
    if advice:
        print(f"  {safe_text(advice, multiline=True)}", file=sys.stderr)
