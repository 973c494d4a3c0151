"""What is to be done about panes whose program has ended."""

from ccpar_hybrid.supervisor.duty import Duty, duty, title
from ccpar_hybrid.tmux.geometry import Size
from ccpar_hybrid.tmux.session import PaneView, SessionView, WindowView

SIZE = Size(100, 30)


def pane(pid: int, worker: str = "", *, dead: bool = False, role: str = "worker") -> PaneView:
    return PaneView(
        pane_id=f"%{pid}",
        index=0,
        pid=pid,
        size=SIZE,
        dead=dead,
        exit_code=None,
        signal=None,
        command="python",
        role=role,
        worker=worker,
        group="g",
        state="",
        label="",
        detail="",
    )


def seen(*panes: PaneView) -> Duty:
    window = WindowView("@1", 0, "workers", SIZE, 0, None, panes)
    view = SessionView("s", "$1", 0, "i", "auto", "1", SIZE, (window,))
    return duty(view, {"w1", "w2"})


def titles(panes: tuple[PaneView, ...]) -> list[str]:
    return [title(each) for each in panes]


def test_nothing_is_to_be_done_while_all_live() -> None:
    assert seen(pane(1, role="monitor"), pane(2, "w1"), pane(3, "w9")) == Duty((), ())


def test_a_dead_program_that_is_wanted_is_lost_and_another_is_surplus() -> None:
    found = seen(pane(1, "w1", dead=True), pane(2, "w9", dead=True), pane(3, "w2"))
    assert (titles(found.lost), titles(found.surplus)) == (["w1"], ["w9"])


def test_panes_of_people_and_the_supervisors_own_are_left_alone() -> None:
    found = seen(pane(1, role="", dead=True), pane(2, role="supervisor", dead=True))
    assert found == Duty((), ())
