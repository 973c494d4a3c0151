"""The real Claude Code in the panes, fed by the real Pueue. Seen with 2.1.197."""

import os
import signal
from collections.abc import Iterator

import pytest

from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.task import TaskKey
from tests.support.claude import ClaudeBench, bash, red_or_blue, running_bench, script
from tests.support.instance import GROUP, are_going, are_gone, are_stopped
from tests.support.waiting import wait_until

pytestmark = pytest.mark.claude


@pytest.fixture
def bench() -> Iterator[ClaudeBench]:
    """One worker."""
    with running_bench() as running:
        running.instance.setup(1)
        yield running


def add(bench: ClaudeBench, *steps: object, **fields: object) -> TaskKey:
    return bench.instance.add(script(*steps), agent="claude", **fields)


def kept_of(bench: ClaudeBench, session: str | None) -> str:
    """What was said, as the transcript has it: what is not there, a resumed session cannot know.

    Its other lines may have a prompt before its turn has begun.
    """
    files = bench.instance.home.rglob(f"{session}.jsonl")
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return "\n".join(line for line in lines if '"type":"user"' in line.replace(" ", ""))


def wait_screen(bench: ClaudeBench, text: str) -> None:
    wait_until(
        lambda: text in bench.instance.screen(), timeout_s=60, message=f"the screen shows {text}"
    )


def test_a_task_runs_to_its_outcome_with_tokens_cost_and_a_readable_log(
    bench: ClaudeBench,
) -> None:
    task = add(
        bench,
        {"usage": {"input_tokens": 1111, "output_tokens": 22}},
        {"say": "Looking around."},
        bash("echo made | tee made"),
        {"say": "All is made."},
        label="make",
        allowed_tools=["Bash"],
    )
    outcome = bench.instance.outcome(task, timeout_s=60)
    assert (outcome.result, outcome.exit_code, outcome.last_message) == (
        "succeeded",
        0,
        "All is made.",
    )
    assert outcome.usage.input_tokens >= 1111
    assert outcome.usage.cost_usd
    assert outcome.session_id
    assert bench.instance.file("made").read_text() == "made\n"
    bench.instance.settled(task)
    log = bench.instance.log(task)
    for words in ("● Looking around.", "echo made | tee made", "⎿ made", "● All is made.", "✔"):
        assert words in log
    bench.instance.wait_idle()
    assert "waiting for work" in bench.instance.screen()


HOSTILE = [
    "\ttabs\tand\r\ncarriage\rreturns, \x1b[31mescapes\x1b[201~ end, @/etc/hostname,"
    " $(touch evaluated) `touch evaluated` #(touch evaluated),"
    " Grüße 世界 עברית e\u0301 👩‍👩‍👧 \u202e ends in blanks and a backslash  \n \\",
    "/help me with this, please  ",
    "!touch evaluated",
    "-p --version",
    "exit",
]


def test_hostile_prompts_arrive_exactly_and_are_evaluated_by_nothing(bench: ClaudeBench) -> None:
    tasks = [bench.instance.add(text, agent="claude") for text in HOSTILE]
    for task, text in zip(tasks, HOSTILE, strict=True):
        outcome = bench.instance.outcome(task, timeout_s=60)
        assert outcome.result == "succeeded", (text, outcome)
        arrived = bench.prompts()
        assert any(each.lstrip("\n\u200b") == text for each in arrived), (text, arrived[-3:])
    assert not bench.instance.file("evaluated").exists()


def test_a_prompt_of_200_kb_arrives_whole(bench: ClaudeBench) -> None:
    text = "".join(f"line {number}: Grüße\t世界\n" for number in range(9000))
    assert len(text.encode()) > 200_000
    task = bench.instance.add(text, agent="claude")
    assert bench.instance.outcome(task, timeout_s=60).result == "succeeded"
    assert text in bench.prompts()


def test_context_files_may_be_read_without_asking(bench: ClaudeBench) -> None:
    notes = bench.instance.home / "notes of mine.md"
    notes.write_text("the secret word is walrus\n")
    read = {"tool": "Read", "input": {"file_path": str(notes)}}
    task = add(bench, read, {"say": "Read."}, context=[str(notes)])
    assert bench.instance.outcome(task, timeout_s=60).result == "succeeded"
    assert "walrus" in str(bench.conversations()[-1])
    assert any(str(notes) in text for text in bench.prompts())


def test_a_permission_dialog_waits_for_the_person_and_goes_on_with_the_key(
    bench: ClaudeBench,
) -> None:
    task = add(bench, bash("touch asked"), {"say": "Thank you."}, label="asks")
    view = bench.instance.wait_for(task, TaskState.WAITING, timeout_s=60)
    assert "touch asked" in view.detail
    wait_until(lambda: bench.instance.border()[:2] == ("asks", "waiting"))
    assert "waiting" in bench.instance.cli("list").stdout
    assert "touch asked" in bench.instance.cli("status").stdout
    wait_screen(bench, "1. Yes")
    bench.instance.type("1")
    assert bench.instance.outcome(task).result == "succeeded"
    assert bench.instance.file("asked").exists()


def test_a_question_and_a_plan_wait_for_the_person(bench: ClaudeBench) -> None:
    task = add(bench, red_or_blue(), {"say": "Red it is."})
    view = bench.instance.wait_for(task, TaskState.WAITING, timeout_s=60)
    assert "question" in view.detail
    wait_screen(bench, "Red")
    bench.instance.type("1")
    assert bench.instance.outcome(task).result == "succeeded"

    plan = {"tool": "ExitPlanMode", "input": {"plan": "1. Do it"}}
    task = add(bench, plan, {"say": "Planned."}, permission_mode="plan")
    view = bench.instance.wait_for(task, TaskState.WAITING, timeout_s=60)
    assert "plan" in view.detail
    wait_screen(bench, "1. Yes")
    bench.instance.type("1")
    assert bench.instance.outcome(task).result == "succeeded"


def test_a_folder_that_is_not_trusted_waits_for_the_person() -> None:
    with running_bench(trust=False) as bench:
        bench.instance.setup(1)
        task = add(bench, {"say": "In."})
        view = bench.instance.wait_for(task, TaskState.WAITING, timeout_s=60)
        assert "trust" in view.detail
        bench.instance.type("Enter")
        assert bench.instance.outcome(task).result == "succeeded"


def test_pause_stops_claude_and_its_tools_and_kill_leaves_nothing(bench: ClaudeBench) -> None:
    command = "setsid sleep 331 & sleep 332"
    task = add(bench, bash(command), {"say": "never"}, allowed_tools=["Bash"])
    instance = bench.instance
    wait_until(lambda: len(instance.pids("sleep 33")) >= 2, timeout_s=60)
    pids = [*instance.pids("sleep 33"), claude_pid(bench)]
    instance.pueue("pause", instance.id(task))
    wait_until(lambda: are_stopped(pids))
    assert instance.wait_for(task, TaskState.PAUSED)
    instance.pueue("start", instance.id(task))
    wait_until(lambda: are_going(pids))
    instance.pueue("kill", instance.id(task))
    assert instance.outcome(task).result == "cancelled"
    wait_until(lambda: are_gone(pids))
    instance.wait_idle()
    assert "waiting for work" in instance.screen()


def claude_pid(bench: ClaudeBench) -> int:
    (pid,) = bench.instance.pids("--settings")
    return pid


def test_a_killed_worker_is_resumed_in_the_same_session(bench: ClaudeBench) -> None:
    instance = bench.instance
    steps = [{"say": "First words."}, bash("touch begun; sleep 20"), {"say": "never"}]
    task = add(bench, *steps, allowed_tools=["Bash"])
    wait_until(lambda: instance.file("begun").exists(), timeout_s=60)
    first = instance.app.ledger.last_attempts([task])[task]
    old = claude_pid(bench)
    os.kill(instance.worker().pid, signal.SIGKILL)
    wait_until(lambda: not instance.workers())
    instance.setup(1)
    wait_until(lambda: instance.attempts(task) == 2)
    wait_until(lambda: are_gone([old]))
    assert not instance.pids("sleep 20")
    wait_until(lambda: any("was cut off" in text for text in bench.prompts()), timeout_s=60)
    second = instance.app.ledger.last_attempts([task])[task]
    assert first.session_id == second.session_id
    assert "First words." in str(bench.conversations()[-1])
    instance.pueue("kill", instance.id(task))
    instance.outcome(task)


def test_claude_killed_from_outside_goes_on_in_its_session_and_leaves_the_terminal_clean(
    bench: ClaudeBench,
) -> None:
    steps = [{"say": "First words."}, bash("touch begun; sleep 20"), {"say": "x"}]
    task = add(bench, *steps, allowed_tools=["Bash"])
    wait_until(lambda: bench.instance.file("begun").exists(), timeout_s=60)
    os.kill(claude_pid(bench), signal.SIGKILL)
    told = "was cut off: your program was ended"
    wait_until(lambda: any(told in text for text in bench.prompts()), timeout_s=60)
    assert "First words." in str(bench.conversations()[-1])
    first, second = bench.instance.app.ledger.attempts(task)
    assert (first.cause, first.session_id) == ("agent-killed", second.session_id)
    assert first.outcome is not None
    assert "SIGKILL" in first.outcome.reason
    bench.instance.cli("cancel", task)
    bench.instance.wait_idle()
    after = bench.instance.add("stty -a > modes; echo fine")
    assert bench.instance.outcome(after).result == "succeeded"
    assert " echo " in bench.instance.file("modes").read_text()


def test_what_was_typed_as_clear_is_followed_and_the_new_session_resumed(
    bench: ClaudeBench,
) -> None:
    instance = bench.instance
    task = add(bench, {"say": "Old words."}, {"pause": 60})
    wait_screen(bench, "● Old words.")
    first = instance.app.ledger.last_attempts([task])[task]
    instance.type("Escape")
    instance.wait_for(task, TaskState.WAITING)
    instance.type("-l", "/clear")
    instance.type("Enter")

    def session() -> str | None:
        return instance.app.ledger.last_attempts([task])[task].session_id

    wait_until(lambda: session() != first.session_id, timeout_s=60, message="a new session")
    cleared = session()
    instance.type(
        "-l", script({"say": "New words."}, {"pause": 60}, text="Anew.").replace("\n", " ")
    )
    instance.type("Enter")
    wait_until(lambda: "New words." in kept_of(bench, cleared), timeout_s=60)
    os.kill(instance.worker().pid, signal.SIGKILL)
    wait_until(lambda: not instance.workers())
    instance.setup(1)
    wait_until(lambda: any("was cut off" in text for text in bench.prompts()), timeout_s=60)
    assert session() == cleared
    assert "Anew." in str(bench.conversations()[-1])
    said = [each for each in bench.conversations()[-1] if each["role"] == "assistant"]
    assert "Old words." not in str(said)
    instance.cli("cancel", task)


@pytest.mark.parametrize(("status", "word"), [(429, "rate_limit"), (500, "server_error")])
def test_an_error_of_the_service_fails_the_task_where_nothing_is_to_be_waited_for(
    status: int, word: str
) -> None:
    with running_bench(CCPAR_RETRY_RESUMES="0", CCPAR_LIMIT_ON_LIMIT="fail") as bench:
        bench.instance.setup(1)
        error = {"status": status, "message": "no way", "headers": {"x-should-retry": "false"}}
        task = add(bench, {"error": error})
        outcome = bench.instance.outcome(task, timeout_s=60)
        assert (outcome.result, outcome.exit_code) == ("failed", 1)
        assert outcome.reason.startswith(word)


def test_a_timeout_ends_the_turn(bench: ClaudeBench) -> None:
    task = add(bench, {"pause": 60}, {"say": "late"}, timeout=4)
    outcome = bench.instance.outcome(task, timeout_s=60)
    assert (outcome.result, outcome.exit_code) == ("timed-out", 124)
    wait_until(lambda: not bench.instance.pids("--settings"))


def test_claude_that_is_missing_or_crashes_says_why() -> None:
    with running_bench() as bench:
        crash = bench.instance.home / "crashing"
        crash.write_text("#!/bin/sh\necho 'cannot find the flux capacitor'\nexit 9\n")
        crash.chmod(0o755)
        bench.instance.environment["CCPAR_CLAUDE_COMMAND"] = str(crash)
        bench.instance.app.environment["CCPAR_CLAUDE_COMMAND"] = str(crash)
        bench.instance.setup(1)
        task = add(bench, {"say": "never"})
        outcome = bench.instance.outcome(task)
        assert (outcome.result, outcome.exit_code) == ("failed", 9)
        assert "flux capacitor" in outcome.reason
        bench.instance.pueue("pause", "-g", GROUP)
        task = add(bench, {"say": "never"})
        crash.unlink()
        bench.instance.pueue("start", "-g", GROUP)
        outcome = bench.instance.outcome(task)
        assert (outcome.result, outcome.exit_code) == ("failed", 127)
        assert "npm install" in outcome.reason
