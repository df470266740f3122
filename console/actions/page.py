"""docs/keys.md: every key, made from the registry."""

from __future__ import annotations

from console.actions import ACTIONS, Scope
from console.actions.keys import CHARACTERS, key_name

_HEAD = """\
# Keys

Made from the registry of actions (`console/actions/`); a test holds this page to it. In the console, `?`
lists the keys that work where you are.

Each action has an id. Give it other keys in `settings.toml`, for example:

```toml
[keys]
help = "f1"
"table.page_down" = "pagedown,ctrl+n"
```

or from the command line: `navarch settings set keys.help f1`. Several keys are joined by commas; they are
written `f5`, `ctrl+p`, `shift+tab`, `X`, `?`. A key that would mean two things at once is refused, with both
named.
`navarch settings keys` prints this list with your keys in it.
"""


def keys_page() -> str:
    """The page, ready to be written."""
    parts = [_HEAD]
    for scope in Scope:
        actions = [action for action in ACTIONS.values() if action.scope is scope]
        if not actions:
            continue
        parts.append(f"\n## {scope.value}\n\n| keys | id | does |\n|---|---|---|\n")
        parts += [f"| {_keys(a.keys)} | `{a.id}` | {a.told.replace('|', chr(92) + '|')} |\n" for a in actions]
    return "".join(parts)


def _keys(keys: str) -> str:
    names = [key.strip() for key in keys.split(",") if key.strip()]
    return " ".join(f"`{CHARACTERS.get(key_name(name), name)}`" for name in names)
