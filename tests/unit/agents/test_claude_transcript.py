"""Transcripts of the real Claude Code, and what may happen to such a file."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccpar_hybrid.agents import json_tail
from ccpar_hybrid.agents.base import Progress, Sign
from ccpar_hybrid.agents.claude_transcript import ClaudeTranscript, has_transcript
from ccpar_hybrid.core.account import LimitNotice, WindowName
from tests.unit.agents.recording import SESSION, seen, transcript

Json = dict[str, Any]
FIELDS = (
    *("type", "message", "content", "usage", "id", "text", "name", "input", "origin", "kind"),
    "is_error",
)


def read(scene: str) -> Progress:
    return ClaudeTranscript(transcript(scene)).read()


def answer(text: str, tokens: int = 1, name: str = "m1", **more: object) -> Json:
    usage = {"input_tokens": tokens, "output_tokens": tokens}
    message = {"id": name, "content": [{"type": "text", "text": text}], "usage": usage, **more}
    return {"type": "assistant", "message": message}


def result(text: object, *, is_error: bool = False) -> Json:
    block = {"type": "tool_result", "content": text, "is_error": is_error}
    return {"type": "user", "message": {"content": [block]}}


def said(text: str, **more: object) -> Json:
    return {"type": "user", "message": {"content": text}, **more}


class Session:
    """A transcript that a test writes while it is read."""

    def __init__(self, home: Path) -> None:
        self.path = home / "s.jsonl"
        self.reader = ClaudeTranscript(self.path)

    def write(self, *entries: object, path: Path | None = None) -> None:
        place = path or self.path
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("a") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in entries)

    def read(self, *entries: object) -> Progress:
        self.write(*entries)
        return self.reader.read()


@pytest.fixture
def session(home: Path) -> Session:
    return Session(home)


# --- recorded


def test_a_turn_is_told_as_people_know_it() -> None:
    progress = read("failing-tool")
    assert progress.lines[:2] == (
        "● Bash(echo out; echo err >&2; exit 3)",
        "  ⎿ ✘ Exit code 3",
    )
    assert progress.lines[-1] == "● It failed."
    assert progress.last_message == "It failed."
    assert not progress.interrupted


def test_the_tokens_of_subagents_count_and_their_words_do_not() -> None:
    progress = read("subagent")
    alone = ClaudeTranscript(transcript("subagent"))
    alone._subagents_place = Path("/nonexistent")
    assert progress.usage.total_tokens > alone.read().usage.total_tokens > 0
    assert not any("in-sub" in line and "Bash" in line for line in progress.lines)
    assert progress.last_message == "done by two"


def test_an_error_of_the_service_is_told_and_costs_no_tokens() -> None:
    progress = read("error")
    assert progress.usage.total_tokens == 0
    assert progress.lines[-1] == "✘ Please run /login · API Error: 403 not for you"


def test_the_error_that_ended_a_turn_stands_until_something_follows(session: Session) -> None:
    refusal = answer("You've hit your weekly limit · resets 9am (UTC)") | {
        "isApiErrorMessage": True,
        "error": "rate_limit",
        "apiErrorStatus": 429,
        "timestamp": "2026-11-21T08:00:00.000Z",
    }
    failure = session.read(said("go"), refusal).failure
    assert failure is not None
    assert (failure.sign, failure.error, failure.status) == (Sign.TURN_FAILED, "rate_limit", 429)
    assert failure.notice == LimitNotice(
        window=WindowName.SEVEN_DAY, resets_at=datetime(2026, 11, 21, 9, tzinfo=UTC)
    )
    assert session.read().failure == failure
    assert session.read(said("go on")).failure is None


def test_an_agent_that_says_the_words_of_a_limit_has_met_none(session: Session) -> None:
    words = "You've hit your session limit · resets 9am (UTC)"
    assert session.read(said("go"), answer(words), result(words)).failure is None


def test_the_recorded_limit_is_witnessed_by_the_transcript_too() -> None:
    failure = read("limit").failure
    assert failure is not None
    assert failure.notice == seen("limit", "StopFailure").notice


@pytest.mark.parametrize("scene", ["refused", "interrupted"])
def test_a_turn_that_a_person_stopped_waits_for_words(scene: str) -> None:
    progress = read(scene)
    assert progress.interrupted
    assert progress.lines[-1] == "· interrupted by a person"


def test_the_programs_own_prompts_are_not_a_persons() -> None:
    assert '· Background command "wait" completed (exit code 0)' in read("notified").lines
    assert not any(line.startswith("❯") for line in read("notified").lines)


def test_the_tasks_prompt_is_not_told_but_what_a_person_types_is(session: Session) -> None:
    ours = {"type": "user", "message": {"content": "Look at the secret parser"}}
    typed = {"type": "user", "message": {"content": "and at the tests"}}
    assert session.read(ours).lines == ()
    assert session.read(typed).lines == ("❯ and at the tests",)


# --- tokens


def test_an_answer_of_several_lines_counts_once_with_its_last_figures(session: Session) -> None:
    session.write(answer("a", 5), answer("b", 7), answer("c", 3, name="m2"))
    usage = session.read().usage
    assert (usage.input_tokens, usage.output_tokens) == (10, 10)
    assert session.read(answer("d", 9)).usage.input_tokens == 12


def test_synthetic_answers_count_nothing(session: Session) -> None:
    assert session.read(answer("no", 5, model="<synthetic>")).usage.total_tokens == 0


def test_all_four_kinds_of_tokens_are_kept_apart(session: Session) -> None:
    usage = {"cache_read_input_tokens": 3, "cache_creation_input_tokens": 4, "output_tokens": "x"}
    seen = session.read(answer("a", usage=usage)).usage
    assert (seen.input_tokens, seen.output_tokens) == (0, 0)
    assert (seen.cache_read_tokens, seen.cache_write_tokens) == (3, 4)


def test_subagents_are_found_while_they_work(session: Session) -> None:
    assert session.read(answer("a", 1)).usage.input_tokens == 1
    place = session.path.with_suffix("") / "subagents"
    session.write(answer("x", 10, name="s1"), path=place / "agent-1.jsonl")
    assert session.read().usage.input_tokens == 11
    session.write(answer("y", 20, name="s2"), path=place / "agent-1.jsonl")
    session.write(answer("z", 40, name="s3"), path=place / "deep" / "agent-2.jsonl")
    progress = session.read()
    assert progress.usage.input_tokens == 71
    assert progress.lines == ()


# --- the story


def test_results_are_shortened(session: Session) -> None:
    progress = session.read(result("\n".join(f"line {n}" for n in range(7))))
    assert progress.lines == (
        "  ⎿ line 0",
        "    line 1",
        "    line 2",
        "    line 3",
        "    … 3 more lines",
    )


def test_nothing_in_the_story_acts_on_a_terminal(session: Session) -> None:
    hostile = "a\x1b[2J\x1b]0;t\x07b\x9b1m\r\nc\td"
    progress = session.read(answer(hostile), result(hostile), said(hostile))
    told = "\n".join(progress.lines)
    assert "\x1b" not in told
    assert "\x9b" not in told
    assert "\x07" not in told
    assert progress.lines[0] == "● a␛[2J␛]0;t␇b\ufffd1m\nc   d"
    assert progress.last_message == hostile


def test_half_characters_can_be_stored(session: Session) -> None:
    session.path.write_bytes(json.dumps(answer("a\ud800b")).encode() + b"\n")
    assert session.read().last_message == "a?b"


def test_what_follows_an_interruption_ends_the_waiting(session: Session) -> None:
    stopped = said("[Request interrupted by user for tool use]")
    assert session.read(stopped).interrupted
    assert session.read().interrupted
    assert not session.read(said("go on")).interrupted
    assert session.read(stopped).interrupted
    assert not session.read(answer("on it")).interrupted


def test_words_of_the_program_to_itself_are_passed_over(session: Session) -> None:
    assert session.read(said("Caveat: …", isMeta=True)).lines == ()


# --- the file


def test_a_file_that_is_not_there_has_nothing_to_tell(session: Session) -> None:
    assert session.reader.read() == Progress()


def test_a_line_counts_once_its_end_is_written(session: Session) -> None:
    text = json.dumps(answer("späť", 5), ensure_ascii=False).encode()
    for cut in (10, len(text) - 40):
        session.path.write_bytes(text[:cut])
        assert session.reader.read().lines == ()
    session.path.write_bytes(text + b"\n")
    assert session.reader.read().lines == ("● späť",)
    assert session.reader.read() == Progress(usage=session.reader.read().usage, last_message="späť")


@pytest.mark.parametrize(
    "garbage",
    [b"{", b"\xff\xfe", b"[]", b"null", b'{"type": "user"}', b'{"message": []}', b"[" * 100_000],
)
def test_lines_that_are_no_entry_are_passed_over(session: Session, garbage: bytes) -> None:
    session.path.write_bytes(garbage + b"\n")
    assert session.read(answer("still here")).lines == ("● still here",)


def test_a_file_that_begins_anew_is_read_anew(session: Session) -> None:
    session.read(answer("one"), answer("two"))
    session.path.write_text("")
    assert session.read(answer("3", name="m9")).lines == ("● 3",)


def test_a_huge_file_is_read_in_pieces(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_tail, "_CHUNK", 7)
    monkeypatch.setattr(json_tail, "_LONGEST_LINE", 2_000)
    entries = [answer(f"word {n}", n, name=f"m{n}") for n in range(20)]
    session.write(*entries, answer("x" * 3_000, 1_000, name="long"))
    progress = session.read(answer("after", 1, name="z"))
    assert len(progress.lines) == 21
    assert progress.usage.input_tokens == sum(range(20)) + 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(FIELDS),
                inner | st.sampled_from(["assistant", "user", "text", "tool_use", "tool_result"]),
            )
        ),
        max_leaves=20,
    )
)
def test_no_entry_raises(tmp_path: Path, entry: object) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps(entry) + "\n")
    for line in ClaudeTranscript(path).read().lines:
        line.encode()


def test_only_a_session_that_has_begun_has_a_transcript(home: Path) -> None:
    assert not has_transcript(home, SESSION)
    folder = home / "projects" / "-srv"
    folder.mkdir(parents=True)
    (folder / f"{SESSION}.jsonl").touch()
    assert has_transcript(home, SESSION)
    assert not has_transcript(home, "*")
