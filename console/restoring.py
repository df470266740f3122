"""Where the console was left, as bytes for the vault, and back: names of views, nothing that was read."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args

import msgspec

from console.views import History, SearchView, View

_MOST = 30
"""Views kept, around the present one."""
_LARGEST = 256 * 1024
_LEFT_OUT = (SearchView,)
"""They are worth what they found, and that is not kept."""


class _Kept(msgspec.Struct):
    at: int
    views: list[tuple[str, Any]]
    """(type, its fields)."""


def left(history: History) -> bytes:
    """The history for the next start; views that can't be kept are left out."""
    kept: list[tuple[str, Any]] = []
    at = -1
    for place, view in enumerate(history.views):
        if place == history.at:
            at = len(kept)
        if isinstance(view, _LEFT_OUT):
            continue
        shallow = {field.name: getattr(view, field.name) for field in fields(view)}
        kept.append((type(view).__name__, msgspec.to_builtins(shallow, enc_hook=_plain)))
    first = max(0, min(at, len(kept) - 1) - _MOST + 1)
    kept = kept[first : first + _MOST]
    return msgspec.json.encode(_Kept(at=max(0, min(at - first, len(kept) - 1)), views=kept))


def found_again(data: bytes) -> History | None:
    """The history that was left; None when there is none, or none of it is understood any more."""
    if not data or len(data) > _LARGEST:
        return None
    known: dict[str, type] = {cls.__name__: cls for cls in get_args(View) if cls not in _LEFT_OUT}
    try:
        kept = msgspec.json.decode(data, type=_Kept)
    except msgspec.MsgspecError:
        return None
    views: list[View] = []
    at = 0
    for place, (name, shallow) in enumerate(kept.views):
        try:
            view: View = msgspec.convert(shallow, known[name])
        except (KeyError, NameError, TypeError, msgspec.MsgspecError):  # of an older or newer Navarch
            continue
        if place <= kept.at:
            at = len(views)
        views.append(view)
    return History(views, at) if views else None


def _plain(value: Any) -> Any:
    """Safe text is a ``str`` of its own kind; the rest has no business in a view."""
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(type(value).__name__)
