"""`pueue pause` and `start` on running agents, with the real Pueue and tmux."""

from ccpar_hybrid.app.snapshot import TaskState
from tests.support.instance import GROUP, Instance, are_going, are_stopped
from tests.support.waiting import wait_until

FAMILY = """\
sleep 301 &
setsid sleep 302 &
(setsid sh -c 'sleep 303 & wait' &) &
echo ready > ready
n=0; while sleep 0.05; do n=$((n+1)); echo $n > count; done
"""


def family(instance: Instance) -> list[int]:
    """The agent's own process and its three sleepers."""
    wait_until(lambda: len(instance.pids("sleep 30")) >= 3, message="the sleepers run")
    return [*instance.pids("sleep 30"), *instance.pids("command.sh")]


def count(instance: Instance) -> int:
    text = instance.wait_file("count").strip()
    return int(text or 0)


def test_pueue_pause_stops_every_process_of_the_agent_and_start_lets_them_go_on(
    instance: Instance,
) -> None:
    instance.setup(1)
    task = instance.add(FAMILY, label="family")
    instance.wait_file("ready")
    pids = family(instance)
    assert are_going(pids)

    instance.pueue("pause", instance.id(task))
    wait_until(lambda: are_stopped(pids), message="all are stopped")
    instance.wait_for(task, TaskState.PAUSED)
    wait_until(lambda: instance.border()[:2] == ("family", "paused"), message="the border says it")
    assert "paused" in instance.cli("list").stdout
    stood = count(instance)

    instance.pueue("start", instance.id(task))
    wait_until(lambda: are_going(pids), message="all go on")
    wait_until(lambda: count(instance) > stood, message="it counts on")
    wait_until(lambda: instance.border()[1] == "working")
    instance.pueue("kill", instance.id(task))
    assert instance.outcome(task).result == "cancelled"


def test_pausing_the_group_stops_its_agents_and_starts_nothing_new(instance: Instance) -> None:
    instance.setup(2)
    running = instance.add(FAMILY)
    instance.wait_file("ready")
    pids = family(instance)

    instance.pueue("pause", "-g", GROUP)
    wait_until(lambda: are_stopped(pids))
    queued = instance.add("echo second > second")
    instance.wait_for(queued, TaskState.QUEUED)
    assert "paused" in instance.view(queued).detail

    instance.pueue("start", "-g", GROUP)
    wait_until(lambda: are_going(pids))
    assert instance.wait_file("second") == "second\n"
    instance.pueue("kill", instance.id(running))
    instance.outcome(running)
