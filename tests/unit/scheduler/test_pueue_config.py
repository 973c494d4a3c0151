from __future__ import annotations

import getpass
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.scheduler.pueue_config import _simple_block, read_config


def test_without_a_file_everything_is_where_pueue_puts_it() -> None:
    found = read_config({"HOME": "/h"})
    assert found.directory == Path("/h/.local/share/pueue")
    assert found.secret == Path("/h/.local/share/pueue/shared_secret")
    assert found.socket == found.directory / f"pueue_{getpass.getuser()}.socket"


def test_the_xdg_variables_move_it_and_relative_ones_are_ignored() -> None:
    found = read_config({"HOME": "/h", "XDG_DATA_HOME": "/d", "XDG_RUNTIME_DIR": "/r"})
    assert (found.directory, found.runtime_directory) == (Path("/d/pueue"), Path("/r"))
    assert found.pid_file == Path("/r/pueue.pid")
    assert read_config({"HOME": "/h", "XDG_RUNTIME_DIR": "r"}).runtime_directory.parts[1] == "h"


@pytest.mark.parametrize(
    "text",
    [
        "client: {}\nshared:\n  pueue_directory: ~/p\n  unix_socket_path: '/s/s 1'\n  port: 1\n",
        "shared: {pueue_directory: ~/p, unix_socket_path: '/s/s 1'}\n",
        'shared:\n    pueue_directory: &here ~/p # mine\n    unix_socket_path: "/s/s\\u00201"\n',
    ],
)
def test_a_file_is_read_however_its_yaml_is_written(home: Path, text: str) -> None:
    config = home / "config" / "pueue" / "pueue.yml"
    config.parent.mkdir(parents=True)
    config.write_text(text)
    found = read_config({"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")})
    assert (found.directory, found.socket) == (home / "p", Path("/s/s 1"))
    assert found.file == config


def test_a_daemon_that_speaks_tcp_has_no_socket(home: Path) -> None:
    config = home / "p.yml"
    config.write_text("shared:\n  use_unix_socket: false\n")
    assert read_config({"HOME": "/h", "PUEUE_CONFIG_PATH": str(config)}).socket is None


def test_an_unreadable_file_is_said_in_words(home: Path) -> None:
    environment = {"HOME": str(home), "PUEUE_CONFIG_PATH": str(home / "p.yml")}
    with pytest.raises(MissingPart, match="cannot be read"):
        read_config(environment)
    (home / "p.yml").write_text("shared: [")
    with pytest.raises(MissingPart, match="cannot be read"):
        read_config(environment)


values = st.sampled_from(
    ["null", "~", "~/x", "true", "false", "''", "'a b'", '"q"', "a b", "/s", "# c", "a #c", "a: b"]
) | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)


@given(st.dictionaries(st.sampled_from(["host", "port", "alias_file"]), values, max_size=3))
def test_the_quick_reader_says_what_yaml_says_or_nothing(block: dict[str, str]) -> None:
    text = "shared:\n" + "".join(f"  {name}: {value}\n" for name, value in block.items())
    try:
        quick = dict(_simple_block(text.splitlines()))
    except ValueError:
        return
    slow = yaml.load(text, Loader=yaml.BaseLoader)["shared"] or {}
    assert quick == {
        name: None if value in ("null", "~", "") else value for name, value in slow.items()
    } or any(value in ("", "''", '""') for value in block.values())
