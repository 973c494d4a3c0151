"""config show: every value, and where it came from."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.front.cli.option import Json
from ccpar_hybrid.front.cli.output import print_json, print_table


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(help="The settings.", no_args_is_help=True, rich_markup_mode=None)
    group.command()(show)
    group.command()(path)
    app.add_typer(group, name="config")


def show(
    json: Json = False,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SECTION.NAME]…", help="Only these.")
    ] = None,
) -> None:
    """Every setting in force, with where it came from."""
    from ccpar_hybrid.core.errors import NotFound
    from ccpar_hybrid.system.config_file import variable_of

    with App(os.environ) as app:
        stories = app.configuration.stories
    unknown = set(names or ()) - {story.name for story in stories}
    if unknown:
        raise NotFound(f"there is no setting {min(unknown)}", "see `ccpar-hybrid config show`")
    chosen = [story for story in stories if not names or story.name in names]
    if json:
        print_json(
            "config",
            settings=[
                {
                    "name": story.name,
                    "value": story.value,
                    "origin": story.origin.value,
                    "where": story.where,
                    "variable": variable_of(story.name),
                }
                for story in chosen
            ],
        )
        return
    rows = [(story.name, _shown(story.value), story.origin.value, story.where) for story in chosen]
    print_table(("SETTING", "VALUE", "FROM", "WHERE"), rows)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "(none)"
    return str(value) if value != "" else "(none)"


def path() -> None:
    """Where the configuration file is looked for."""
    from ccpar_hybrid.system.config_file import FILE_NAME

    with App(os.environ) as app:
        print(f"{app.paths.config}/{FILE_NAME}")
