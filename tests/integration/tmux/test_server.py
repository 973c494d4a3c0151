"""Sessions are built, extended, mended and ended on a real tmux."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import BadInput, CommandFailed, MissingPart, NotFound, Refused
from ccpar_hybrid.tmux.builder import rooms
from ccpar_hybrid.tmux.layout import Layout
from ccpar_hybrid.tmux.layout_file import load
from ccpar_hybrid.tmux.pane import Pane
from ccpar_hybrid.tmux.plan import grow, plan
from ccpar_hybrid.tmux.server import Server, parse_version
from ccpar_hybrid.tmux.session import SessionView
from tests.support.tmux_server import TmuxServer
from tests.support.tmux_session import INSTANCE, SESSION, session_spec, slots
from tests.support.waiting import wait_until


@pytest.fixture
def server(tmux: TmuxServer) -> Server:
    return Server(tmux.environment)


def text_of(server: Server, pane_id: str) -> str:
    return Pane(pane_id, server.environment).capture().strip()


def processes(view: SessionView) -> dict[str, int]:
    return {pane.pane_id: pane.pid for pane in view.panes}


def global_options(tmux: TmuxServer) -> str:
    return "".join(tmux.tmux("show-options", flag) for flag in ("-s", "-g", "-wg"))


@pytest.mark.parametrize("layout", ["auto", "grid", "pages", "focus"])
@pytest.mark.parametrize("count", [1, 6, 16, 64])
def test_a_session_is_built_as_it_was_planned(server: Server, layout: str, count: int) -> None:
    spec = session_spec(count, layout)
    view = server.build(spec)
    assert [window.name for window in view.windows] == [w.name for w in spec.plan.windows]
    planned = [pane for window in spec.plan.windows for pane in window.panes]
    assert [pane.size for pane in view.panes] == [pane.size for pane in planned]
    assert [pane.worker for pane in view.panes] == ["", *(f"w{n + 1}" for n in range(count))]
    first = view.windows[0].panes[0]
    assert (first.index, first.role) == (0, "monitor")
    assert view.instance == INSTANCE
    assert view.layout == spec.plan.layout.name


def test_each_pane_runs_its_own_program_and_knows_its_session(
    server: Server, tmux: TmuxServer
) -> None:
    view = server.build(session_spec(6))
    for name, pane in view.workers.items():
        wait_until(lambda id_=pane.pane_id: text_of(server, id_))  # type: ignore[misc]
        said = f"I am {name} of {SESSION} with /nowhere/environment"
        assert text_of(server, pane.pane_id) == said


def test_building_what_is_there_changes_nothing(server: Server) -> None:
    first = server.build(session_spec(6))
    assert server.build(session_spec(6)) == first


def test_a_session_of_that_name_that_is_not_ours_is_refused(
    server: Server, tmux: TmuxServer
) -> None:
    pane = tmux.start_session(SESSION)
    for call in (
        lambda: server.build(session_spec(2)),
        lambda: server.kill_session(SESSION, INSTANCE),
    ):
        with pytest.raises(Refused, match="not ccpar-hybrid's"):
            call()
    assert tmux.tmux("list-panes", "-a", "-F", "#{pane_id}").split() == [pane]


def test_the_session_of_another_copy_is_refused(server: Server) -> None:
    server.build(session_spec(1, instance="another"))
    with pytest.raises(Refused, match="another ccpar-hybrid's"):
        server.build(session_spec(1))


def test_nothing_global_changes_and_other_sessions_stay_as_they_are(
    server: Server, tmux: TmuxServer
) -> None:
    tmux.start_session("mine")
    tmux.start_session(f"{SESSION}-2")
    before = global_options(tmux), tmux.tmux("show-hooks", "-g")
    panes = tmux.tmux("list-panes", "-a", "-F", "#{pane_id} #{pane_pid} #{pane_width}")
    server.build(session_spec(6))
    server.kill_session(SESSION, INSTANCE)
    assert (global_options(tmux), tmux.tmux("show-hooks", "-g")) == before
    assert tmux.tmux("list-panes", "-a", "-F", "#{pane_id} #{pane_pid} #{pane_width}") == panes


def test_a_users_own_indexes_and_habits_do_no_harm(
    server: Server, tmux: TmuxServer, home: Path
) -> None:
    (home / ".tmux.conf").write_text(
        "set -g base-index 1\nset -wg pane-base-index 1\nset -g status 2\n"
        "set -wg pane-border-status bottom\nset -g default-command 'false'\n"
        "set -wg synchronize-panes on\nset -g renumber-windows on\n"
    )
    spec = session_spec(6)
    view = server.build(spec)
    assert [pane.size for pane in view.panes] == [
        p.size for w in spec.plan.windows for p in w.panes
    ]
    assert view.windows[0].index == 1
    assert view.monitor
    assert view.monitor.index == 0


def test_workers_are_added_without_disturbing_the_others(server: Server) -> None:
    view = server.build(session_spec(6))
    before = processes(view)
    spec = session_spec(6)
    layout = load(view.layout, "/nowhere")
    more = slots(5, first=7)
    grown = server.extend(spec, view, grow(layout, rooms(view), more, spec.plan.size))
    assert list(grown.workers) == [f"w{n}" for n in range(1, 12)]
    assert {i: pid for i, pid in processes(grown).items() if i in before} == before
    assert [window.name for window in grown.windows] == ["monitor", "page-1", "page-2", "page-3"]
    whole = plan(layout, slots(11))
    assert [pane.size for pane in grown.panes] == [p.size for w in whole.windows for p in w.panes]
    assert server.extend(spec, grown, grow(layout, rooms(grown), [], spec.plan.size)) == grown


def test_workers_are_removed_and_their_room_goes_to_the_others(server: Server) -> None:
    view = server.build(session_spec(6))
    gone = [view.workers[name].pane_id for name in ("w2", "w5", "w6")]
    server.remove(view, [*gone, "%999"])
    left = server.find_session(SESSION)
    assert left is not None
    assert list(left.workers) == ["w1", "w3", "w4"]
    assert [str(pane.size) for pane in left.panes] == ["200x48", "100x24", "99x24", "200x23"]
    server.remove(left, gone)
    assert server.find_session(SESSION) == left


def test_a_window_with_a_pane_of_the_users_own_is_left_alone(
    server: Server, tmux: TmuxServer
) -> None:
    view = server.build(session_spec(2, "grid"))
    own = tmux.tmux("split-window", "-t", view.panes[0].pane_id, "-PF", "#{pane_id}", "cat").strip()
    view = server.build(session_spec(2, "grid"))
    assert [room.closed for room in rooms(view)] == [True]
    growth = grow(
        load("grid", "/nowhere"), rooms(view), slots(1, first=3), session_spec(1).plan.size
    )
    grown = server.extend(session_spec(2, "grid"), view, growth)
    assert own in processes(grown)
    assert "w3" in grown.workers


def test_a_monitor_that_was_closed_comes_back_in_front(server: Server, tmux: TmuxServer) -> None:
    view = server.build(session_spec(4, "grid"))
    assert view.monitor
    tmux.tmux("kill-pane", "-t", view.monitor.pane_id)
    view = server.build(session_spec(4, "grid"))
    spec = session_spec(4, "grid")
    growth = grow(load("grid", "/nowhere"), rooms(view), [], spec.plan.size)
    mended = server.extend(spec, view, growth)
    assert [(w.name, len(w.panes)) for w in mended.windows] == [("monitor", 1), ("workers", 4)]
    assert mended.panes[0].role == "monitor"
    server.remove(mended, [mended.workers["w1"].pane_id])
    left = server.find_session(SESSION)
    assert left is not None
    assert [str(p.size) for p in left.windows[1].panes] == ["100x24", "99x24", "200x23"]


def test_a_dead_pane_is_seen_and_respawned_in_its_place(server: Server, tmux: TmuxServer) -> None:
    view = server.build(session_spec(2))
    pane = view.workers["w2"]
    with pytest.raises(CommandFailed):
        server.respawn(pane.pane_id, ("sh", "-c", "exit 3"))
    server.respawn(pane.pane_id, ("sh", "-c", "exit 3"), kill=True)

    def death() -> SessionView | None:
        found = server.find_session(SESSION)
        return found if found and found.workers["w2"].dead else None

    found = wait_until(death)
    assert found
    assert found.workers["w2"].exit_code == 3
    server.respawn(pane.pane_id, ("cat",))
    again = server.build(session_spec(2)).workers["w2"]
    assert (again.pane_id, again.dead, again.worker) == (pane.pane_id, False, "w2")


def test_programs_run_without_a_shell(server: Server, home: Path) -> None:
    marker = home / "touched"
    words = (
        *("sh", "-c", 'printf "[%s]" "$@"; exec cat', "sh"),
        f"$(touch {marker}); `touch {marker}` #(touch {marker}) 'x' \\;",
        ";",
    )
    view = server.build(replace(session_spec(1), monitor_argv=words))
    assert view.monitor is not None
    shown = wait_until(lambda: text_of(server, view.panes[0].pane_id))
    assert shown.startswith(f"[$(touch {marker}); `touch {marker}` #(touch {marker}) 'x' \\;][;]")
    assert not marker.exists()


def test_a_single_word_is_given_to_no_shell_either(server: Server, home: Path) -> None:
    program = home / "a b;c"
    program.write_text("#!/bin/sh\necho it ran\nexec cat\n")
    program.chmod(0o700)
    view = server.build(replace(session_spec(1), monitor_argv=(str(program),)))
    wait_until(lambda: "it ran" in text_of(server, view.panes[0].pane_id))


def test_a_build_that_fails_leaves_nothing_half_built(server: Server, tmux: TmuxServer) -> None:
    tmux.start_session("mine")
    spec = session_spec(6)
    # Two windows of one name cannot be told apart, so the sequence fails in its middle.
    twice = replace(spec.plan, windows=(*spec.plan.windows, spec.plan.windows[1]))
    with pytest.raises((CommandFailed, BadInput, NotFound)):
        server.build(replace(spec, plan=twice))
    assert server.find_session(SESSION) is None


def test_hostile_names_are_refused_before_tmux_sees_them(server: Server) -> None:
    for name in ("a:b", "#(touch x)", "", "-t", "a.b", "x" * 33, "é"):
        with pytest.raises(BadInput):
            server.build(replace(session_spec(1), name=name))
    assert server.find_session(SESSION) is None


def test_hostile_groups_are_kept_as_they_are(server: Server) -> None:
    group = "#(touch x) #{pane_id};'\"\\"
    view = server.build(session_spec(1, groups=[group]))
    assert view.workers["w1"].group == group


def test_sessions_are_found_by_their_whole_name_only(server: Server, tmux: TmuxServer) -> None:
    assert server.find_session(SESSION) is None
    tmux.start_session(f"{SESSION}-2")
    assert server.find_session(SESSION) is None
    server.kill_session(SESSION, INSTANCE)


def test_a_terminal_attaches_and_one_inside_tmux_switches(server: Server, tmux: TmuxServer) -> None:
    assert server.attach_argv("s") == ("tmux", "-u", "attach-session", "-t", "=s")
    inside = Server({**tmux.environment, "TMUX": "/x,1,0"})
    assert inside.attach_argv("s") == ("tmux", "-u", "switch-client", "-t", "=s")


def test_the_socket_is_that_of_the_private_server(server: Server, tmux: TmuxServer) -> None:
    tmux.start_session("mine")
    assert server.socket() == f"{tmux.environment['TMUX_TMPDIR']}/tmux-{os.getuid()}/default"


def test_a_missing_or_old_tmux_is_told(home: Path, environment: dict[str, str]) -> None:
    with pytest.raises(MissingPart, match="not on PATH"):
        Server({**environment, "PATH": str(home)}).version()
    old = home / "tmux"
    old = home / "old" / "tmux"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho tmux 3.1c\n")
    old.chmod(0o700)
    with pytest.raises(MissingPart, match=r"tmux 3\.1c is too old"):
        Server({**environment, "PATH": f"{old.parent}:{environment['PATH']}"}).version()


@pytest.mark.parametrize(
    ("said", "version"),
    [("tmux 3.3a", (3, 3)), ("tmux next-3.6", (3, 6)), ("tmux master", (99, 0))],
)
def test_versions_are_read(said: str, version: tuple[int, int]) -> None:
    assert parse_version(said) == version


def test_libtmux_sees_the_session_that_we_built(server: Server) -> None:
    import libtmux

    server.build(session_spec(6))
    seen = libtmux.Server(socket_path=server.socket()).sessions.get(session_name=SESSION)
    assert seen is not None
    assert [len(window.panes) for window in seen.windows] == [1, 4, 2]


def test_a_layout_of_the_users_own_is_built(server: Server) -> None:
    layout = Layout.model_validate(
        {
            "name": "own",
            "windows": [{"window_name": "all", "layout": "main-vertical",
                         "options": {"main-pane-width": 100},
                         "panes": ["monitor", "worker", "worker"]}],
        }
    )  # fmt: skip
    view = server.build(replace(session_spec(1), plan=plan(layout, slots(4))))
    assert [str(p.size) for p in view.panes] == ["100x48", "99x24", "99x23", "100x48", "99x48"]
