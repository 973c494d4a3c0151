"""Where something outside is broken, commands say so, with exit code 4, and lose nothing."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.support.command_line import PROGRAM, CommandLine, command_line

ADD = ("add", "--agent", "command")
NO_PUEUE = {"PUEUE_CONFIG_PATH": "/no/such/pueue.yml"}


def test_without_a_daemon_nothing_is_queued_and_nothing_is_kept(bare: CommandLine) -> None:
    said = bare(*ADD, "true")
    assert said.code == 4
    assert "ccpar-hybrid setup" in said.err
    assert bare.tasks() == []


def test_without_a_daemon_history_is_seen_and_what_is_open_is_unknown(shared: CommandLine) -> None:
    added = shared.good(*ADD, "--json", "--label", "seen", "true").json["tasks"][0]
    listed = shared("list", "--json", variables=NO_PUEUE)
    assert listed.code == 0
    assert "pueue.yml" in listed.json["scheduler_error"]
    assert {task["state"] for task in listed.json["tasks"]} == {"unknown"}
    assert shared("show", "seen", variables=NO_PUEUE).code == 0
    for words in (("show", str(added["id"])), ("cancel", "seen"), ("restart", "seen")):
        said = shared(*words, variables=NO_PUEUE)
        assert said.code == 4, (words, said)
        assert "pueue.yml" in said.err


def test_a_restart_that_pueue_refuses_leaves_the_outcome(shared: CommandLine) -> None:
    shared.daemon.pueue("group", "add", "gone")
    shared.daemon.pueue("pause", "--group", "gone")
    key = shared.good(*ADD, "--json", "--group", "gone", "true").json["tasks"][0]["key"]
    shared.good("cancel", key)
    shared.daemon.pueue("group", "remove", "gone")
    assert shared("restart", key).code == 2
    assert shared.good("show", "--json", key).json["task"]["state"] == "cancelled"


@pytest.mark.parametrize("place", ["/proc/nothing", "/dev/null/x"])
def test_a_home_that_cannot_be_written_is_named(bare: CommandLine, place: str) -> None:
    variables: dict[str, str | None] = {"HOME": place, "XDG_STATE_HOME": None}
    for words in (("list",), ("status",), ("setup", "1")):
        said = bare(*words, variables=variables)
        assert said.code == 4
        assert place in said.err


def test_without_home_the_users_is_used(shared: CommandLine) -> None:
    assert shared("config", "path", variables={"HOME": None}).code == 0


def test_a_file_in_the_place_of_the_ledger_is_named_and_left(bare: CommandLine) -> None:
    bare.state.mkdir(parents=True, mode=0o700)
    ledger = bare.state / "ledger.db"
    ledger.write_bytes(b"nonsense" * 500)
    for words in (("list",), ("status",), ("stats",), (*ADD, "true")):
        said = bare(*words)
        assert said.code == 4, said
    assert ledger.read_bytes() == b"nonsense" * 500


def test_a_ledger_of_a_newer_version_is_refused_and_nothing_is_queued(
    bare: CommandLine,
) -> None:
    bare.good("list")
    with sqlite3.connect(bare.state / "ledger.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    for words in (("list",), (*ADD, "true")):
        said = bare(*words)
        assert said.code == 4
    assert "newer" in bare("list").err


def test_a_ledger_without_room_takes_nothing_and_nothing_is_queued() -> None:
    with command_line(groups={"subissues": 1}) as line:
        line.good(*ADD, "true")
        before = line.queued()
        with sqlite3.connect(line.state / "ledger.db") as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.close()
        program = (
            "import sqlite3, sys\n"
            "connect = sqlite3.connect\n"
            "def small(*args, **options):\n"
            "    made = connect(*args, **options)\n"
            f"    made.execute('PRAGMA max_page_count = {pages}')\n"
            "    return made\n"
            "sqlite3.connect = small\n"
            "from ccpar_hybrid.front.cli.main import main\n"
            "sys.exit(main(sys.argv[1:]))\n"
        )
        done = subprocess.run(
            [PROGRAM[0], "-P", "-c", program, *ADD, "x" * 100_000],
            env=line.environment,
            cwd=line.project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 4
        assert "no space left" in done.stderr
        assert line.queued() == before
        assert len(line.tasks()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[session\n", "line 1"),
        ("\n[session]\nnope = 1\n", "config.toml:3: there is no setting session.nope"),
        ("[nope]\na = 1\n", "there is no setting nope.a"),
        ('[session]\n\nworkers = "many"\n', "config.toml:3: session.workers"),
        ("[session]\nworkers = 999\n", "config.toml:2: session.workers"),
        ('[session]\nname = "a b"\n', "config.toml:2: session.name"),
        ("\nworkers = 1\n", "config.toml:2: workers stands in no section"),
        ('\n\nsession.workers = "many"\n', "config.toml:3: session.workers"),
        ('\n[[session]]\nname = "x"\n', "config.toml:2: session stands in no section"),
        ('[claude]\ncommand = "\'x"\n', "config.toml:2: claude.command"),
    ],
)
def test_a_broken_configuration_is_refused_with_its_line(
    bare: CommandLine, text: str, said: str
) -> None:
    place = bare.home / "config" / "ccpar-hybrid"
    place.mkdir(parents=True)
    (place / "config.toml").write_text(text)
    done = bare("config", "show")
    assert done.code == 2
    assert said in done.err


def shell(line: CommandLine, script: str) -> subprocess.CompletedProcess[bytes]:
    program = " ".join(PROGRAM)
    return subprocess.run(
        ["bash", "-c", script.replace("ccpar-hybrid", program)],
        env=line.environment,
        cwd=line.project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )


@pytest.mark.parametrize("words", ["list", "stats", "doctor", "--help", "list --json"])
def test_a_reader_that_leaves_early_is_no_error(shared: CommandLine, words: str) -> None:
    done = shell(shared, f"ccpar-hybrid {words} | head -c 1; exit ${{PIPESTATUS[0]}}")
    assert done.stderr == b""
    assert done.returncode in (0, 4 if words == "doctor" else 0)


def test_a_full_disk_behind_the_output_is_told(shared: CommandLine) -> None:
    done = shell(shared, "ccpar-hybrid list > /dev/full")
    assert done.returncode == 4
    assert b"no space left on the device" in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_borne(shared: CommandLine, closed: str) -> None:
    before = len(shared.queued())
    assert shell(shared, f"ccpar-hybrid add --agent command true {closed}").returncode == 0
    assert shell(shared, f"ccpar-hybrid list {closed}").returncode == 0
    assert shell(shared, f"ccpar-hybrid add --nope {closed}").returncode == 2
    assert len(shared.queued()) == before + 1


def test_a_terminal_without_unicode_gets_a_form_of_it_and_json_stays_json(
    shared: CommandLine,
) -> None:
    shared.good(*ADD, "--label", "漢字 😀", "true")
    plain: dict[str, str | None] = {"PYTHONIOENCODING": "ascii"}
    assert "\\u6f22" in shared("list", variables=plain).out
    tasks = shared("list", "--json", variables=plain).json["tasks"]
    assert "漢字 😀" in {task["label"] for task in tasks}


def test_a_context_file_is_kept_by_its_whole_path(shared: CommandLine) -> None:
    Path(shared.project, "notes.md").write_text("notes")
    added = shared.good(*ADD, "--json", "--context", "notes.md", "true").json["tasks"][0]
    shown = shared.good("show", "--json", added["key"]).json["task"]
    assert shown["context"] == [str(shared.project / "notes.md")]
