"""What a script may say, where it is found, and how it is cut into answers."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.demo.script import (
    Fail,
    Headers,
    Limit,
    Pause,
    Say,
    ScriptError,
    Tool,
    Usage,
    Windows,
    load_rules,
    parse_steps,
    script_of,
    steps_for,
    turns,
)

BASH = {"tool": "Bash", "input": {"command": "true"}}


def test_every_step_is_read() -> None:
    error = {"status": 429, "type": "t", "message": "m", "headers": {"a": "b"}, "times": 3}
    steps = parse_steps(
        [
            {"say": "hello"},
            BASH,
            {"pause": 1},
            {"error": error},
            {"headers": {"x-limit": "0.9"}},
            {"usage": {"input_tokens": 5, "output_tokens": 6}},
            {"windows": {"five_hour": {"used_percent": 91.5, "resets_in_s": 60}}},
            {"limit": {"window": "seven_day", "resets_in_s": 5}},
        ]
    )
    assert steps == (
        Say("hello"),
        Tool("Bash", {"command": "true"}),
        Pause(1.0),
        Fail(429, "t", "m", {"a": "b"}, 3),
        Headers({"x-limit": "0.9"}),
        Usage(5, 6),
        Windows({"five_hour": (91.5, 60.0)}),
        Limit("seven_day", 5.0),
    )


def test_an_error_needs_only_its_status() -> None:
    (step,) = parse_steps([{"error": {"status": 529}}])
    assert step == Fail(529, "overloaded_error", "scripted error 529", {}, 0)


@pytest.mark.parametrize(
    ("step", "wrong"),
    [
        ({"shout": "hello"}, "unknown step with the keys ['shout']"),
        ({}, "unknown step"),
        ("say", "not an object"),
        (None, "it is missing"),
        ({"say": 1}, "say is int 1, not text"),
        ({"say": "a", "pause": 1}, "unknown key 'pause'"),
        ({"tool": "Bash"}, "input is missing"),
        ({"tool": "", "input": {}}, "can't be the name of a tool"),
        ({"pause": True}, "pause is bool True"),
        ({"pause": -1}, "pause is -1"),
        ({"pause": float("nan")}, "pause is nan"),
        ({"error": {"status": 200}}, "status is 200"),
        ({"error": {"status": 429, "times": -1}}, "times is int -1"),
        ({"limit": {"window": "one_hour", "resets_in_s": 5}}, "window is 'one_hour'"),
        ({"limit": {"window": "five_hour"}}, "resets_in_s is missing"),
        ({"windows": {"one_hour": {}}}, "unknown key 'one_hour'"),
        ({"windows": {"five_hour": {"used_percent": 101, "resets_in_s": 1}}}, "is 101, not from"),
        ({"error": {"status": 429, "retry": 1}}, "unknown key 'retry'"),
        ({"headers": {"x": "a\r\nb: c"}}, "header 'x' is not a line of text"),
        ({"headers": {"x y": "a"}}, "can't be the name of a header"),
        ({"headers": {"Content-Length": "1"}}, "can't be the name of a header"),
        ({"usage": {"input_tokens": 1}}, "output_tokens is missing"),
    ],
)
def test_a_wrong_step_is_refused_with_its_place_and_what_is_accepted(
    step: object, wrong: str
) -> None:
    with pytest.raises(ScriptError) as refused:
        parse_steps([{"say": "fine"}, step])
    assert "step 1: " in str(refused.value)
    assert wrong in str(refused.value)
    assert '{"say": TEXT}' in str(refused.value)


def test_a_script_may_span_lines_and_be_followed_by_anything() -> None:
    prompt = 'Do it.\nscript: [\n  {"say": "a"},\n  {"pause": 0}\n] and then ]}\nmore'
    assert script_of(prompt) == (Say("a"), Pause(0.0))


def test_the_last_script_of_a_prompt_counts() -> None:
    assert script_of('script: [{"say": "a"}]\nscript:[{"say": "b"}]') == (Say("b"),)


def test_the_word_inside_a_line_is_no_script() -> None:
    assert script_of('my script: [{"say": "a"}]') is None


@pytest.mark.parametrize("rest", ["", " the build is red", ' {"say": "a"}', " [", "[" * 100_000])
def test_a_line_of_script_without_an_array_is_refused(rest: str) -> None:
    with pytest.raises(ScriptError, match="JSON array"):
        script_of(f"script:{rest}")


def test_a_prompt_without_script_is_answered_with_its_first_line() -> None:
    assert steps_for("\n Fix the parser\nsoon") == (Say("Fix the parser"),)
    assert steps_for("") == (Say(""),)


def test_the_first_rule_that_fits_goes_before_the_prompts_own_script(tmp_path: Path) -> None:
    rules = [
        {"match": "^fix", "steps": [{"say": "first"}]},
        {"match": "fix", "steps": [{"say": "second"}]},
    ]
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    loaded = load_rules(tmp_path / "rules.json")
    assert steps_for('fix\nscript: [{"say": "own"}]', loaded) == (Say("first"),)
    assert steps_for("please fix", loaded) == (Say("second"),)
    assert steps_for('x\nscript: [{"say": "own"}]', loaded) == (Say("own"),)


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("{", "is not JSON"),
        ("{}", "not a JSON array of rules"),
        ('[{"match": "a"}]', "rule 0 is not"),
        ('[{"match": 1, "steps": []}]', "rule 0: match is int 1"),
        ('[{"match": "(", "steps": []}]', "no regular expression"),
        ('[{"match": "a", "steps": [1]}]', "rule 0: step 0"),
    ],
)
def test_a_wrong_file_of_rules_is_refused_with_the_place(
    tmp_path: Path, content: str, wrong: str
) -> None:
    path = tmp_path / "rules.json"
    path.write_text(content)
    with pytest.raises(ScriptError) as refused:
        load_rules(path)
    assert str(path) in str(refused.value)
    assert wrong in str(refused.value)


def test_an_answer_ends_with_a_run_of_tools() -> None:
    first, second = Tool("Bash", {}), Tool("Read", {})
    steps = (Say("a"), first, second, Pause(1.0), first, Say("b"))
    assert turns(steps) == ((Say("a"), first, second), (Pause(1.0), first), (Say("b"),))


def test_no_steps_make_no_answers() -> None:
    assert turns(()) == ()


@given(st.lists(st.sampled_from([Say("a"), Tool("Bash", {}), Pause(0.0)])))
def test_cutting_into_answers_loses_nothing(steps: list[Say | Tool | Pause]) -> None:
    answers = turns(tuple(steps))
    assert [step for answer in answers for step in answer] == steps
    assert all(answers)


@given(st.text(), st.text(alphabet="abc \n"))
def test_what_a_prompt_scripts_is_what_is_played(said: str, before: str) -> None:
    prompt = f"{before}\nscript: {json.dumps([{'say': said}])}\nafter"
    assert script_of(prompt) == (Say(said),)
