"""``navarch settings``: the twin of the console's settings screen."""

from __future__ import annotations

import subprocess
from typing import Annotated

import typer

from backend.text import safe_text
from console.cli.completing_settings import setting_keys, setting_values
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app
from console.cli.tables import Form, print_json, print_table
from console.settings import Settings
from console.settings.fields import BadKey, Path, field_at, read_key
from console.settings.store import settings_file

app = new_app("Settings of the console: list, read, change and check them.")

Output = Annotated[Form, typer.Option("-o", "--output", help="table or json.")]
Key = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        help="theme, keys.help, tables.pods.sort.",
        autocompletion=setting_keys,
        show_default=False,
    ),
]


@app.command("list")
def list_settings(output: Output = Form.TABLE) -> None:
    """Print every setting with its value, its default and what it does."""
    from console.settings.told import told, toml

    found = told(_settings())
    if output is Form.JSON:
        print_json(
            [
                {
                    "key": one.key,
                    "value": one.value,
                    "default": one.default,
                    "set": one.given,
                    "description": one.description,
                }
                for one in found
            ]
        )
        return
    print_table(
        ("KEY", "VALUE", "DEFAULT", "DOES"),
        [(one.key, toml(one.value), toml(one.default), one.description) for one in found],
    )
    say("tables that hold entries of yours: keys, aliases, favourites, tables, commands (docs/settings.md)")


@app.command()
def get(key: Key, output: Output = Form.TABLE) -> None:
    """Print the value of one setting, as the file would write it."""
    import msgspec

    from console.settings.told import toml, value_at

    path = _path(key)
    value = msgspec.to_builtins(value_at(_settings(), path))
    if value is None:
        say(f"{key} is not set")
        raise typer.Exit(Exit.NOTHING)
    if output is Form.JSON:
        print_json(value)
    else:
        print(safe_text(value if isinstance(value, str) else toml(value), limit=1 << 16))


@app.command("set")
def set_setting(
    key: Key,
    value: Annotated[
        str,
        typer.Argument(
            metavar="VALUE", help="As in TOML; a text needs no quotes.", autocompletion=setting_values
        ),
    ],
) -> None:
    """Change one setting in the file, keeping its comments; refused when it makes no sense."""
    from console.settings.told import parsed

    path = _path(key)
    _settings().set(path, parsed(path, value))


@app.command()
def unset(key: Key) -> None:
    """Take one setting out of the file: its default counts again."""
    path = read_key(key)
    if not _settings().unset(path):
        say(f"{key} was not set")
        raise typer.Exit(Exit.NOTHING)


@app.command()
def path() -> None:
    """Print where the settings file is (it need not exist)."""
    print(settings_file())


@app.command()
def check(output: Output = Form.TABLE) -> None:
    """Name every line of the file that is not used, and why."""
    settings = _settings(quiet=True)
    if output is Form.JSON:
        print_json([{"line": p.line, "key": ".".join(p.path), "reason": p.reason} for p in settings.problems])
    else:
        for problem in settings.problems:
            print(problem.sentence)
    if settings.problems:
        raise typer.Exit(Exit.FAILED)
    say("every line of the settings is used")


@app.command()
def edit() -> None:
    """Open the file in your editor ($VISUAL, $EDITOR), then check it."""
    from console.settings.editing import editor, prepared

    command = [*editor(), str(prepared(settings_file()))]
    try:
        done = subprocess.run(command, check=False)
    except OSError as error:
        say(
            f"the editor {command[0]} can't be run: {error.strerror}", "Name another one in VISUAL or EDITOR."
        )
        raise typer.Exit(Exit.FAILED) from None
    if done.returncode:
        say(f"the editor ended with {done.returncode}")
        raise typer.Exit(Exit.FAILED)
    check()


@app.command()
def schema() -> None:
    """Print the JSON schema of the file, for editors that check TOML by one."""
    from console.settings.told import schema as json_schema

    print_json(json_schema())


@app.command()
def keys(output: Output = Form.TABLE) -> None:
    """Print every action with its id, its keys as you have them, and what it does."""
    from console.actions import ACTIONS

    chosen = _settings().values.keys
    if output is Form.JSON:
        print_json(
            [
                {
                    "id": action.id,
                    "scope": action.scope.value,
                    "keys": (chosen.get(action.id) or action.keys).split(","),
                    "usual": action.keys.split(","),
                    "does": action.told,
                }
                for action in ACTIONS.values()
            ]
        )
        return
    print_table(
        ("WHERE", "KEYS", "ID", "DOES"),
        [
            (action.scope.value, chosen.get(action.id) or action.keys, action.id, action.told)
            for action in ACTIONS.values()
        ],
    )


@app.command()
def themes(output: Output = Form.TABLE) -> None:
    """Print every theme, where it comes from, and what is wrong with it or hard to read."""
    from console.palettes import OWN, BadPalette, names, weak_contrasts
    from console.theme import palette

    rows, wrong = [], False
    for name in names():
        try:
            found = palette(name)
        except BadPalette as error:
            rows.append((name, "", "yours", str(error.sentence)))
            wrong = True
            continue
        notes = "; ".join(one.sentence for one in weak_contrasts(found.background, found.tones))
        rows.append((name, found.title, "Navarch" if name in OWN else "yours", notes))
    if output is Form.JSON:
        print_json([dict(zip(("name", "title", "from", "notes"), row, strict=True)) for row in rows])
    else:
        print_table(("NAME", "TITLE", "FROM", "NOTES"), rows)
    if wrong:
        raise typer.Exit(Exit.FAILED)


def _settings(*, quiet: bool = False) -> Settings:
    """The user's; what is wrong with the file is said, and stops nothing."""
    settings = Settings(settings_file())
    if not quiet:
        for problem in settings.problems:
            say(f"settings.toml: {problem.sentence}")
    return settings


def _path(key: str) -> Path:
    path = read_key(key)
    if field_at(path) is None:
        raise BadKey(f"there is no setting {key}", "See: navarch settings list, and docs/settings.md")
    return path
