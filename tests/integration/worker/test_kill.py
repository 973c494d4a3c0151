"""`pueue kill` on running agents: nothing of them is left, and the pane is clean."""

from ccpar_hybrid.app.snapshot import TaskState
from tests.support.instance import Instance, are_gone, are_stopped
from tests.support.waiting import wait_until

STUBBORN = """\
trap 'echo heard > heard' TERM
trap '' HUP INT
printf 'noise on the screen \\033[?1049h\\033[?1000h\\033[?25l\\033[31m'
stty raw -echo
(trap '' TERM HUP; sleep 311) &
setsid sh -c 'trap "" TERM; sleep 312' &
nohup sleep 313 > /dev/null 2>&1 &
(setsid sh -c 'setsid sleep 314 & ' &) &
(setsid sh -c 'trap "" TERM HUP; exec sleep 315' > /dev/null 2>&1 < /dev/null &)
echo ready > ready
while :; do sleep 0.2; done
"""


def family(instance: Instance) -> list[int]:
    wait_until(lambda: len(instance.pids("sleep 31")) >= 5, message="the sleepers run")
    return [*instance.pids("sleep 31"), *instance.pids("command.sh")]


def modes(instance: Instance) -> str:
    form = "#{alternate_on} #{mouse_any_flag} #{cursor_flag} #{pane_in_mode}"
    return instance.tmux.tmux("display-message", "-p", "-t", instance.pane(), form).strip()


def test_a_killed_agent_that_ignores_everything_leaves_no_process_and_a_clean_pane(
    instance: Instance,
) -> None:
    instance.setup(1)
    before = modes(instance), set(instance.processes())
    task = instance.add(STUBBORN, label="stubborn")
    instance.wait_file("ready")
    pids = family(instance)

    instance.pueue("kill", instance.id(task))
    outcome = instance.outcome(task)
    assert (outcome.result, outcome.exit_code) == ("cancelled", 130)
    assert instance.file("heard").exists()
    wait_until(lambda: are_gone(pids), message="all are gone")

    last = instance.wait_idle().last
    assert "stubborn" in last
    assert "cancelled" in last
    assert (modes(instance), set(instance.processes())) == before
    screen = instance.screen()
    assert "noise" not in screen
    assert "waiting for work" in screen
    after = instance.add("stty -a > modes; echo fine")
    assert instance.outcome(after).result == "succeeded"
    assert " echo " in instance.file("modes").read_text()


def test_a_paused_agent_can_be_killed(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add(STUBBORN)
    instance.wait_file("ready")
    pids = family(instance)
    instance.pueue("pause", instance.id(task))
    wait_until(lambda: are_stopped(pids))

    instance.pueue("kill", instance.id(task))
    assert instance.outcome(task).result == "cancelled"
    wait_until(lambda: are_gone(pids))
    instance.wait_idle()


def test_an_agent_gets_its_grace_to_put_things_in_order(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add(
        "trap 'sleep 0.3; echo tidy > tidy; exit 0' TERM; echo r > ready;"
        "while :; do sleep 0.1; done"
    )
    instance.wait_file("ready")
    instance.pueue("kill", instance.id(task))
    assert instance.outcome(task).result == "cancelled"
    assert instance.file("tidy").read_text() == "tidy\n"


def test_what_an_agent_leaves_in_the_background_ends_with_it(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add("setsid nohup sleep 318 > /dev/null 2>&1 & echo done")
    assert instance.outcome(task).result == "succeeded"
    wait_until(lambda: not instance.pids("sleep 318"))


def test_a_kill_before_any_worker_claimed_ends_the_offer(instance: Instance) -> None:
    instance.setup(1)
    blocker = instance.add("echo r > ready; sleep 60")
    instance.wait_file("ready")
    instance.pueue("parallel", "-g", "subissues", "2")
    task = instance.add("echo never > never")
    instance.wait_for(task, TaskState.OFFERED)
    instance.pueue("kill", instance.id(task))
    instance.wait_for(task, TaskState.CANCELLED)
    instance.pueue("kill", instance.id(blocker))
    instance.wait_idle()
    assert not instance.file("never").exists()
