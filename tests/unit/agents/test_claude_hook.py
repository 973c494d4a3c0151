"""What recorded hook events of the real Claude Code say, and that none can do harm."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.agents.base import Observation, Sign, Source
from ccpar_hybrid.agents.claude_hook import EVENTS, PLAN, observe
from ccpar_hybrid.core.account import LimitNotice, Window, WindowName
from tests.unit.agents.recording import DATA, NOW, SESSION, events, seen

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FIELDS = (
    *("session_id", "transcript_path", "source", "prompt", "tool_name", "tool_input"),
    *("agent_type", "background_tasks", "last_assistant_message", "error", "error_details"),
    *("cost", "reason", "rate_limits"),
)


def test_every_event_tells_its_session_and_where_the_transcript_lies() -> None:
    told = seen("idle", "SessionStart")
    assert (told.sign, told.text, told.line) == (Sign.SESSION, "startup", None)
    assert told.session_id == SESSION
    assert told.transcript == Path(
        f"/home/example/claude/projects/-home-example-project/{SESSION}.jsonl"
    )


def test_a_prompt_that_was_taken_comes_whole() -> None:
    told = seen("idle", "UserPromptSubmit")
    assert told.sign is Sign.PROMPT
    assert told.text == 'Look at the parser\nscript: [{"say": "All is well."}]'


@pytest.mark.parametrize(
    ("scene", "text"),
    [
        ("permission-bash", "permission: Bash(touch a)"),
        ("permission-write", "permission: Write(/home/example/project/hello.txt)"),
        ("permission-fetch", "permission: WebFetch(http://127.0.0.1:1/)"),
        ("permission-subagent", "permission: Bash(touch in-sub) for general-purpose"),
        ("question", "question: Which database shall it be?"),
        ("plan", PLAN),
    ],
)
def test_a_dialog_says_in_one_short_line_what_it_waits_for(scene: str, text: str) -> None:
    told = seen(scene, "PermissionRequest")
    assert (told.sign, told.source, told.text) == (Sign.WAITING, Source.HOOK, text)


def test_a_long_command_is_cut_to_its_first_line() -> None:
    assert seen("permission-long", "PermissionRequest").text == "permission: Bash(touch line-0)"


def test_a_tool_is_work_until_its_dialog_is_there() -> None:
    told = seen("question", "PreToolUse")
    assert (told.sign, told.text) == (
        Sign.WORKING,
        "AskUserQuestion(Which database shall it be?)",
    )


@pytest.mark.parametrize("name", ["PreToolUse", "PostToolUseFailure"])
def test_a_tool_that_fails_is_work_as_well(name: str) -> None:
    assert seen("failing-tool", name).sign is Sign.WORKING


def test_a_turn_that_is_over_brings_the_last_message() -> None:
    told = seen("idle", "Stop")
    assert (told.sign, told.text) == (Sign.TURN_ENDED, "All is well.")


def test_a_turn_that_left_work_in_the_background_is_not_over() -> None:
    first, last = (observe(event, NOW) for event in events("notified", "Stop"))
    assert first is not None
    assert last is not None
    assert (first.sign, first.text) == (Sign.BACKGROUND, "in the background: wait")
    assert (last.sign, last.text) == (Sign.TURN_ENDED, "Done.")


def test_several_tasks_in_the_background_are_counted() -> None:
    tasks = [{"command": "make\nall"}, {"status": "running"}, {"status": "completed"}]
    told = observe({"hook_event_name": "Stop", "background_tasks": tasks}, NOW)
    assert told is not None
    assert told.text == "in the background: make and 1 more"


def test_a_subagents_end_is_not_the_end_of_the_turn() -> None:
    ends = [told for event in events("subagent") if (told := observe(event, NOW))]
    assert [told.sign for told in ends].count(Sign.TURN_ENDED) == 1


@pytest.mark.parametrize(
    ("scene", "error", "words"),
    [
        ("error", "authentication_failed", "API Error: 403 not for you"),
        ("login-expired", "authentication_failed", "Please run /login"),
        ("limit", "rate_limit", "You've hit your session limit"),
    ],
)
def test_a_refusal_of_the_service_is_named(scene: str, error: str, words: str) -> None:
    told = seen(scene, "StopFailure")
    assert (told.sign, told.error) == (Sign.TURN_FAILED, error)
    assert words in told.text
    assert told.line == f"✘ {error}: {told.text}"


def test_a_refusal_for_a_limit_says_which_and_until_when() -> None:
    assert seen("limit", "StopFailure").notice == LimitNotice(
        window=WindowName.FIVE_HOUR, resets_at=datetime(2030, 3, 17, 17, 46, tzinfo=UTC)
    )
    assert seen("error", "StopFailure").notice is None


def test_the_status_line_brings_the_windows_even_without_a_cost() -> None:
    limits = {
        "five_hour": {"used_percentage": 91, "resets_at": 1_900_000_000},
        "seven_day": {"used_percentage": 12.5, "resets_at": None},
        "one_year": {"used_percentage": 1},
    }
    told = observe({"hook_event_name": "StatusLine", "rate_limits": limits}, NOW)
    assert told is not None
    assert told.windows == (
        Window(
            name=WindowName.FIVE_HOUR,
            used_percent=91,
            resets_at=datetime(2030, 3, 17, 17, 46, 40, tzinfo=UTC),
        ),
        Window(name=WindowName.SEVEN_DAY, used_percent=12.5),
    )


def test_the_status_line_brings_the_cost() -> None:
    told = seen("subagent", "StatusLine")
    assert told.sign is Sign.FIGURES
    assert told.cost_usd is not None
    assert told.cost_usd > 0


def test_a_session_that_goes_on_or_changes_is_noted() -> None:
    for source in ("resume", "clear", "compact"):
        event = {"hook_event_name": "SessionStart", "session_id": "s", "source": source}
        told = observe(event, NOW)
        assert told is not None
        assert (told.sign, told.line) == (Sign.SESSION, f"· session s ({source})")


def test_nothing_of_an_event_acts_in_the_account() -> None:
    event = {
        "hook_event_name": "StopFailure",
        "error": "e\x1b[2J",
        "error_details": "a\x1b]0;t\x07",
    }
    told = observe(event, NOW)
    assert told is not None
    assert told.line == "✘ e␛[2J: a␛]0;t␇"


def test_an_event_that_is_not_asked_for_says_nothing() -> None:
    assert observe({"hook_event_name": "Notification"}, NOW) is None
    assert observe({}, NOW) is None
    assert "StatusLine" not in EVENTS


@pytest.mark.parametrize(
    "path", sorted((DATA / "hooks").glob("*.jsonl")), ids=lambda path: path.stem
)
def test_every_recorded_event_that_is_asked_for_is_understood(path: Path) -> None:
    told = [(event, observe(event, NOW)) for event in events(path.stem)]
    assert told
    assert all(said is not None for event, said in told if event["hook_event_name"] in EVENTS)


@given(st.sampled_from([*EVENTS, "StatusLine"]), st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_no_event_raises_and_what_it_says_can_be_stored(
    name: str, event: dict[str, object]
) -> None:
    told = observe({**event, "hook_event_name": name}, NOW)
    assert told is None or isinstance(told, Observation)
    if told is not None:
        for text in (told.text, told.session_id, told.error, told.line):
            (text or "").encode()
