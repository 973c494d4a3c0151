"""`doctor` sees what is wrong with the real programs, and changes nothing."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine, Said, command_line
from tests.support.instance import SESSION, Instance, running_instance
from tests.support.tmux_server import running_tmux
from tests.support.waiting import wait_until


def checks(said: Said) -> dict[str, dict[str, Any]]:
    """The findings by name; of several of one name the gravest."""
    order = ["ok", "unknown", "warning", "failed"]
    found: dict[str, dict[str, Any]] = {}
    for check in said.json["checks"]:
        seen = found.get(check["name"])
        if seen is None or order.index(check["verdict"]) > order.index(seen["verdict"]):
            found[check["name"]] = check
        assert bool(check["mend"]) == (check["verdict"] != "ok"), check
    return found


def everything_below(place: Path) -> set[str]:
    return {str(path) for path in place.rglob("*")}


def test_on_a_fresh_machine_nothing_fails_and_nothing_is_made(bare: CommandLine) -> None:
    before = everything_below(bare.home)
    said = bare("doctor", "--json", variables={"CCPAR_AGENT_DEFAULT": "demo"})
    found = checks(said)
    assert said.code == 0
    assert [name for name, check in found.items() if check["verdict"] == "failed"] == []
    assert found["daemon"]["verdict"] == "warning"
    assert "ccpar-hybrid setup" in found["daemon"]["mend"]
    assert everything_below(bare.home) == before


def test_where_no_program_is_installed_each_is_named_with_how_to_get_it(bare: CommandLine) -> None:
    said = bare("doctor", "--json", variables={"PATH": "/nonexistent"})
    found = checks(said)
    assert said.code == 4
    for name in ("tmux", "pueue", "pueued", "git", "agent claude"):
        assert found[name]["verdict"] == "failed", found[name]
        assert "install" in found[name]["mend"]


def test_for_people_each_trouble_is_followed_by_its_mending(bare: CommandLine) -> None:
    said = bare("doctor", variables={"PATH": "/nonexistent"})
    lines = said.out.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("failed   git"))
    assert lines[place + 1].strip() == "mend: install git"
    assert "failed" in lines[-1]


def test_an_old_tmux_fails(bare: CommandLine) -> None:
    fake = bare.home / "old"
    fake.mkdir()
    (fake / "tmux").write_text("#!/bin/sh\necho tmux 3.1c\n")
    (fake / "tmux").chmod(0o755)
    path = f"{fake}:{bare.environment['PATH']}"
    found = checks(bare("doctor", "--json", variables={"PATH": path}))
    assert found["tmux"]["verdict"] == "failed"
    assert "3.1c" in found["tmux"]["seen"]


@pytest.mark.parametrize("program", ["pueue", "pueued"])
def test_an_old_pueue_fails_and_two_versions_are_told(bare: CommandLine, program: str) -> None:
    fake = bare.home / "old"
    fake.mkdir()
    (fake / program).write_text(f"#!/bin/sh\necho {program} 3.4.1\n")
    (fake / program).chmod(0o755)
    path = f"{fake}:{bare.environment['PATH']}"
    found = checks(bare("doctor", "--json", variables={"PATH": path}))
    assert found[program]["verdict"] == "failed"
    assert found["pueue versions"]["verdict"] == "warning"


def test_a_broken_configuration_fails_by_line_and_the_rest_is_still_looked_at(
    bare: CommandLine,
) -> None:
    place = bare.home / "config" / "ccpar-hybrid"
    place.mkdir(parents=True)
    (place / "config.toml").write_text('[session]\nworkers = "many"\n')
    found = checks(bare("doctor", "--json"))
    assert found["configuration"]["verdict"] == "failed"
    assert "config.toml:2" in found["configuration"]["seen"]
    assert found["agent command"]["verdict"] == "ok"
    assert not [name for name, check in found.items() if check["verdict"] == "unknown"]


def test_modes_that_let_others_in_are_warned_of_with_the_chmod(bare: CommandLine) -> None:
    bare.state.mkdir(parents=True)
    bare.state.chmod(0o755)
    (bare.state / "ledger.db").touch(mode=0o644)
    found = checks(bare("doctor", "--json"))
    assert found["state directory"]["verdict"] == "warning"
    assert found["state directory"]["mend"] == f"chmod 700 {bare.state}"
    assert found["private files"]["mend"] == f"chmod 600 {bare.state / 'ledger.db'}"
    assert bare.state.stat().st_mode & 0o777 == 0o755, "doctor changes nothing"


def test_a_file_in_the_place_of_the_state_directory_fails(bare: CommandLine) -> None:
    bare.state.parent.mkdir(parents=True)
    bare.state.write_text("")
    said = bare("doctor", "--json")
    assert checks(said)["state directory"]["verdict"] == "failed"
    assert said.code == 4


def test_the_fallback_for_long_socket_paths_is_named(bare: CommandLine) -> None:
    long = bare.home / ("x" * 80)
    long.mkdir(mode=0o700)
    variables = {"XDG_RUNTIME_DIR": str(long), "TMUX_TMPDIR": str(long)}
    found = checks(bare("doctor", "--json", variables=variables))
    assert found["socket paths"]["verdict"] == "ok"
    assert "in the state directory" in found["socket paths"]["seen"]
    assert found["tmux socket"]["verdict"] == "failed"
    far = checks(bare("doctor", "--json", variables={**variables, "XDG_STATE_HOME": str(long)}))
    assert "/tmp/ccpar-" in far["socket paths"]["seen"]


def test_a_ledger_that_is_no_database_or_is_newer_fails_and_stays_as_it_is(
    bare: CommandLine,
) -> None:
    bare.state.mkdir(parents=True, mode=0o700)
    ledger = bare.state / "ledger.db"
    ledger.write_bytes(b"nonsense" * 1000)
    found = checks(bare("doctor", "--json"))
    assert found["ledger"]["verdict"] == "failed"
    assert found["ledger"]["mend"] == "ccpar-hybrid ledger mend"
    assert ledger.read_bytes() == b"nonsense" * 1000
    ledger.unlink()
    with sqlite3.connect(ledger) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    newer = checks(bare("doctor", "--json"))["ledger"]
    assert newer["verdict"] == "failed"
    assert "99" in newer["seen"]


def test_tmux_that_this_shell_was_in_and_that_has_gone_fails(bare: CommandLine) -> None:
    found = checks(bare("doctor", "--json", variables={"TMUX": "/nonexistent/s,1,0"}))
    assert found["tmux server"] == {
        "name": "tmux server",
        "verdict": "failed",
        "seen": "$TMUX names /nonexistent/s, where no server is",
        "mend": "unset TMUX TMUX_PANE",
    }


def test_what_plain_pueue_needs_is_warned_of(bare: CommandLine) -> None:
    tools = bare.home / "tools"
    tools.mkdir()
    found = checks(bare("doctor", "--json", variables={"PATH": str(tools)}))["ccpar-task"]
    assert found["verdict"] == "warning"
    assert found["mend"] == f'export PATH={Path(sys.executable).parent}:"$PATH"'


def test_the_link_that_the_installation_makes_is_ours_and_another_program_is_not(
    bare: CommandLine,
) -> None:
    tools = bare.home / "tools"
    tools.mkdir()
    program = tools / "ccpar-task"
    program.symlink_to(Path(__file__).parents[3] / "bin" / "ccpar-task")
    found = checks(bare("doctor", "--json", variables={"PATH": str(tools)}))["ccpar-task"]
    assert (found["verdict"], found["seen"]) == ("ok", str(program))
    program.unlink()
    program.symlink_to("/bin/true")
    found = checks(bare("doctor", "--json", variables={"PATH": str(tools)}))["ccpar-task"]
    assert "another installation's" in found["seen"]


def test_a_pueued_that_hangs_fails_and_the_rest_is_unknown() -> None:
    with command_line(groups={"subissues": 1}) as line:
        os.kill(line.daemon.pid, signal.SIGSTOP)
        try:
            found = checks(line("doctor", "--json"))
        finally:
            os.kill(line.daemon.pid, signal.SIGCONT)
    assert found["daemon"]["verdict"] == "failed"
    assert "within" in found["daemon"]["seen"]


def test_lost_and_stashed_tasks_are_told_with_the_command_that_helps(shared: CommandLine) -> None:
    lost = shared.good("add", "--json", "--agent", "command", "true").json["tasks"][0]
    held = shared.good("add", "--json", "--agent", "command", "true").json["tasks"][0]
    shared.daemon.pueue("remove", str(lost["id"]))
    shared.daemon.pueue("stash", str(held["id"]))
    said = shared("doctor", "--json")
    mends = [check["mend"] for check in said.json["checks"] if check["name"] == "tasks"]
    assert mends == [f"ccpar-hybrid restart {lost['key']}", f"pueue enqueue {held['id']}"]
    assert checks(said)["group subissues"]["mend"] == "pueue start -g subissues"
    assert checks(said)["daemon socket"]["seen"] == "protocol 0.31.1"


def diagnosis(instance: Instance, code: int) -> dict[str, dict[str, Any]]:
    done = instance.cli("doctor", "--json", code=code)
    return checks(Said(done.returncode, done.stdout, done.stderr))


def troubles(found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What is not well, but for what this machine has or lacks."""
    machine = ("agent claude", "memory", "disk (state)", "disk (Pueue)")
    return [c for name, c in found.items() if c["verdict"] != "ok" and name not in machine]


def test_a_session_is_well_until_a_worker_dies_and_after_setup_again() -> None:
    with running_instance(CCPAR_AGENT_DEFAULT="command") as instance:
        instance.setup(2)
        assert troubles(diagnosis(instance, 0)) == []
        os.kill(instance.worker("w2").pid, signal.SIGKILL)
        os.kill(_monitor_pid(instance), signal.SIGKILL)
        wait_until(lambda: "w2" not in instance.workers(), message="w2 is gone")
        ill = diagnosis(instance, 4)
        assert ill["workers"]["seen"] == "ended: w2"
        assert ill["workers"]["mend"] == "ccpar-hybrid setup"
        assert ill["monitor"]["verdict"] == "warning"
        instance.setup(2)
        assert troubles(diagnosis(instance, 0)) == []


def test_somebody_elses_session_of_that_name_fails(bare: CommandLine) -> None:
    with running_tmux(bare.environment) as tmux:
        tmux.start_session(SESSION)
        said = bare("doctor", "--json")
    assert said.code == 4
    assert "not ccpar-hybrid's" in checks(said)[f"session {SESSION}"]["seen"]


def _monitor_pid(instance: Instance) -> int:
    pane = instance.pane("monitor")
    return int(instance.tmux.tmux("display-message", "-p", "-t", pane, "#{pane_pid}"))
