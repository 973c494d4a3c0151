"""A person at the keyboard of the pane in which the real Claude Code works (2.1.197)."""

from collections.abc import Iterator

import pytest

from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.task import TaskKey
from tests.support.claude import ClaudeBench, bash, running_bench, script
from tests.support.waiting import wait_until

pytestmark = pytest.mark.claude


@pytest.fixture
def bench() -> Iterator[ClaudeBench]:
    """One worker, which gives a person some time before it closes a session."""
    with running_bench(CCPAR_AGENT_SETTLE_S="1.5") as running:
        running.instance.setup(1)
        yield running


def add(bench: ClaudeBench, *steps: object, **fields: object) -> TaskKey:
    return bench.instance.add(script(*steps), agent="claude", **fields)


def wait_screen(bench: ClaudeBench, text: str, timeout_s: float = 20.0) -> None:
    wait_until(
        lambda: text in bench.instance.screen(),
        timeout_s=timeout_s,
        message=f"the screen shows {text}",
    )


def wait_asked(bench: ClaudeBench, text: str, timeout_s: float = 20.0) -> None:
    """Until the model was asked this."""
    wait_until(
        lambda: any(text in each for each in bench.prompts()),
        timeout_s=timeout_s,
        message=f"the model hears {text}; screen:\n{bench.instance.screen()}",
    )


def test_what_is_typed_during_the_turn_is_answered_before_the_session_ends(
    bench: ClaudeBench,
) -> None:
    task = add(bench, {"say": "Thinking."}, {"pause": 3}, {"say": "Done thinking."})
    wait_asked(bench, "Do it.")
    bench.instance.type("-l", "And another thing")
    bench.instance.type("Enter")
    outcome = bench.instance.outcome(task, timeout_s=30)
    assert (outcome.result, outcome.last_message) == ("succeeded", "And another thing")


def test_what_is_typed_after_the_turn_keeps_the_session_open_until_it_is_answered(
    bench: ClaudeBench,
) -> None:
    task = add(bench, {"say": "First answer."})
    wait_screen(bench, "● First answer.")
    bench.instance.type("-l", "one more question")
    view = bench.instance.wait_for(task, TaskState.WAITING)
    assert "not sent" in view.detail
    wait_until(lambda: bench.instance.border()[1] == "waiting")
    bench.instance.type("Enter")
    outcome = bench.instance.outcome(task, timeout_s=30)
    assert (outcome.result, outcome.last_message) == ("succeeded", "one more question")


def test_a_draft_that_is_deleted_lets_the_session_end(bench: ClaudeBench) -> None:
    task = add(bench, {"say": "First answer."})
    wait_screen(bench, "● First answer.")
    bench.instance.type("-l", "hm")
    bench.instance.wait_for(task, TaskState.WAITING)
    bench.instance.type("BSpace", "BSpace")
    assert bench.instance.outcome(task, timeout_s=30).last_message == "First answer."


def test_esc_while_a_tool_runs_waits_for_words_and_goes_on_with_them(bench: ClaudeBench) -> None:
    task = add(bench, bash("touch begun; sleep 30"), {"say": "x"}, allowed_tools=["Bash"])
    bench.instance.wait_for(task, TaskState.RUNNING)
    wait_until(lambda: bench.instance.file("begun").exists(), timeout_s=20)
    bench.instance.type("Escape")
    view = bench.instance.wait_for(task, TaskState.WAITING)
    assert "interrupted" in view.detail
    bench.instance.type("-l", "go another way")
    bench.instance.type("Enter")
    outcome = bench.instance.outcome(task, timeout_s=30)
    assert (outcome.result, outcome.last_message) == ("succeeded", "go another way")


def test_esc_before_any_answer_waits_for_the_person(bench: ClaudeBench) -> None:
    task = add(bench, {"pause": 30}, {"say": "late"})
    wait_asked(bench, "Do it.")
    bench.instance.type("Escape")
    bench.instance.wait_for(task, TaskState.WAITING)
    bench.instance.pueue("kill", bench.instance.id(task))
    assert bench.instance.outcome(task).result == "cancelled"


def test_a_refused_permission_waits_for_words(bench: ClaudeBench) -> None:
    task = add(bench, bash("touch refused"), {"say": "x"})
    bench.instance.wait_for(task, TaskState.WAITING, timeout_s=30)
    wait_screen(bench, "1. Yes")
    bench.instance.type("Escape")
    wait_until(lambda: "interrupted" in bench.instance.view(task).detail)
    bench.instance.type("-l", "then do nothing")
    bench.instance.type("Enter")
    assert bench.instance.outcome(task, timeout_s=30).last_message == "then do nothing"
    assert not bench.instance.file("refused").exists()


def test_clear_begins_a_new_session_that_is_followed(bench: ClaudeBench) -> None:
    task = add(bench, {"say": "First answer."})
    wait_screen(bench, "● First answer.")
    first = bench.instance.app.ledger.last_attempts([task])[task].session_id
    bench.instance.type("-l", "/clear")
    wait_screen(bench, "Start a new session")
    bench.instance.type("Enter")

    def session() -> str | None:
        return bench.instance.app.ledger.last_attempts([task])[task].session_id

    wait_until(lambda: session() != first)
    outcome = bench.instance.outcome(task, timeout_s=30)
    assert (outcome.result, outcome.session_id) == ("succeeded", session())


def test_exit_by_the_person_after_the_turn_is_success_and_in_the_middle_it_is_not(
    bench: ClaudeBench,
) -> None:
    task = add(bench, {"say": "First answer."})
    wait_screen(bench, "● First answer.")
    bench.instance.type("-l", "/exit")
    bench.instance.type("Enter")
    assert bench.instance.outcome(task, timeout_s=30).result == "succeeded"

    task = add(bench, bash("touch asked"), {"say": "x"})
    bench.instance.wait_for(task, TaskState.WAITING, timeout_s=30)
    wait_screen(bench, "1. Yes")
    bench.instance.type("Escape")
    wait_until(lambda: "interrupted" in bench.instance.view(task).detail)
    bench.instance.type("-l", "/exit")
    bench.instance.type("Enter")
    outcome = bench.instance.outcome(task, timeout_s=30)
    assert outcome.result == "failed"
    assert "before its turn was over" in outcome.reason


def test_background_work_keeps_the_session_open_until_it_has_ended(bench: ClaudeBench) -> None:
    command = "while [ ! -e go ]; do sleep 0.1; done; echo background > done"
    task = add(
        bench,
        bash(command, run_in_background=True),
        {"say": "It runs."},
        allowed_tools=["Bash"],
    )
    wait_until(
        lambda: "background" in bench.instance.view(task).detail,
        timeout_s=30,
        message="it is shown as working in the background",
    )
    bench.instance.file("go").touch()
    outcome = bench.instance.outcome(task, timeout_s=30)
    assert outcome.result == "succeeded"
    assert bench.instance.file("done").read_text() == "background\n"


def test_a_subagents_work_belongs_to_the_turn(bench: ClaudeBench) -> None:
    inner = script(bash("echo inner > inner"), {"say": "The subagent is done."})
    agent = {
        "tool": "Agent",
        "input": {
            "description": "look",
            "prompt": inner,
            "subagent_type": "general-purpose",
        },
    }
    task = add(bench, agent, {"say": "All done."}, allowed_tools=["Bash", "Agent"])
    outcome = bench.instance.outcome(task, timeout_s=40)
    assert (outcome.result, outcome.last_message) == ("succeeded", "All done.")
    assert bench.instance.file("inner").exists()
