"""The demo agent in the panes: its prompt is pasted, and a person can answer it."""

import json
import sys

import pytest

from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.task import TaskKey
from tests.support.instance import GROUP, Instance, running_instance
from tests.support.waiting import wait_until


def add(instance: Instance, *steps: object, text: str = "Do it.", **fields: object) -> TaskKey:
    return instance.add(f"{text}\nscript: {json.dumps(steps)}", agent="demo", **fields)


def bash(command: str) -> dict[str, object]:
    return {"tool": "Bash", "input": {"command": command}}


def test_a_pasted_prompt_is_taken_and_its_turn_is_the_task(instance: Instance) -> None:
    instance.setup(1)
    long = "\n".join(f"line {number} of a long prompt: Grüße, 世界" for number in range(2000))
    task = add(
        instance, bash("echo made > made"), {"say": "All made."}, text=long, allowed_tools=["Bash"]
    )
    outcome = instance.outcome(task, timeout_s=30)
    assert (outcome.result, outcome.last_message) == ("succeeded", "All made.")
    assert instance.file("made").read_text() == "made\n"


def test_a_dialog_of_the_demo_agent_waits_for_the_person(instance: Instance) -> None:
    instance.setup(1)
    task = add(instance, bash("touch asked"), {"say": "Thanks."}, label="asks")
    instance.wait_for(task, TaskState.WAITING, timeout_s=30)
    wait_until(lambda: instance.border()[:2] == ("asks", "waiting"))
    wait_until(lambda: "1. Yes" in instance.screen())
    instance.type("1")
    assert instance.outcome(task).result == "succeeded"
    assert instance.file("asked").exists()


def test_a_demo_agent_whose_worker_was_killed_is_resumed_in_its_session(
    instance: Instance,
) -> None:
    instance.setup(2)
    task = add(instance, {"say": "First."}, bash("touch begun; sleep 25"), allowed_tools=["Bash"])
    wait_until(lambda: instance.file("begun").exists(), timeout_s=20)
    first = instance.app.ledger.last_attempts([task])[task]
    worker = instance.view(task).worker
    assert worker
    instance.tmux.tmux("kill-pane", "-t", instance.pane(worker))
    wait_until(lambda: instance.attempts(task) == 2, timeout_s=20)
    second = instance.app.ledger.last_attempts([task])[task]
    assert first.session_id == second.session_id
    instance.wait_for(task, TaskState.RUNNING, TaskState.WAITING)
    instance.pueue("kill", instance.id(task))
    instance.outcome(task)


SWALLOWING = '''\
"""The demo agent behind a terminal that is slow to listen and swallows the first Enter."""
import os, sys, time, pty, select, tty, termios, fcntl, signal
time.sleep(1.5)
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.executable, [sys.executable, "-P", "-m", "ccpar_hybrid.demo.agent", *sys.argv[1:]])
size = fcntl.ioctl(1, termios.TIOCGWINSZ, b"\\0" * 8)
fcntl.ioctl(master, termios.TIOCSWINSZ, size)
keys = os.open("/dev/tty", os.O_RDWR)
tty.setraw(keys)
signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
swallowed = False
while True:
    ready, _, _ = select.select([keys, master], [], [])
    if keys in ready:
        data = os.read(keys, 65536)
        if data.endswith(b"\\r") and not swallowed:
            data, swallowed = data[:-1], True
            open("swallowed", "w").write("yes")
        os.write(master, data)
    if master in ready:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        os.write(1, data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
'''


def test_a_slow_start_an_unread_standard_input_and_a_swallowed_enter_are_made_good() -> None:
    place = {"CLAUDE_CODE_SANDBOXED": "1", "CCPAR_CLAUDE_COMMAND": f"{sys.executable} slow.py"}
    with running_instance(**place) as instance:
        instance.file("slow.py").write_text(SWALLOWING)
        instance.setup(1)
        task = instance.add('script: [{"say": "Taken at last."}]', agent="claude")
        outcome = instance.outcome(task, timeout_s=30)
        assert (outcome.result, outcome.last_message) == ("succeeded", "Taken at last.")
        assert instance.file("swallowed").exists()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_64_demo_workers_do_their_tasks(instance: Instance) -> None:
    instance.setup(64)
    assert len(instance.workers()) == 64
    tasks = [
        add(instance, bash("sleep 0.2"), {"say": f"{n}"}, allowed_tools=["Bash"]) for n in range(30)
    ]
    for number, task in enumerate(tasks):
        outcome = instance.outcome(task, timeout_s=200)
        assert (outcome.result, outcome.last_message) == ("succeeded", str(number))
    assert instance.app.scheduler.snapshot().groups[GROUP].slots == 64
