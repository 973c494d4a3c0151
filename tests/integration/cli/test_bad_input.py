"""Bad input is refused in words, with the documented exit code, and nothing is queued."""

from __future__ import annotations

import pytest

from tests.support.command_line import CommandLine

ADD = ("add", "--agent", "command")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "nope"), 3, "there is no task 'nope'"),
        (("show", "taaaaaaaa"), 3, "there is no task 'taaaaaaaa'"),
        (("show", "9" * 30), 3, "there is no task"),
        (("show", "\x1b[31mred\n"), 3, "'␛[31mred␊'"),
        (("log", "nope"), 3, "there is no task 'nope'"),
        (("cancel", "nope"), 3, "there is no task 'nope'"),
        (("restart", "nope"), 3, "there is no task 'nope'"),
        (("wait", "nope"), 3, "there is no task 'nope'"),
        ((*ADD, "--after", "nope", "x"), 3, "there is no task 'nope'"),
        ((*ADD, "--group", "nope", "x"), 3, "known are default, other, subissues"),
        (("list", "--group", "nope"), 3, "known are default, other, subissues"),
        (("status", "--group", "nope"), 3, "known are default, other, subissues"),
        ((*ADD, "--session", "nope", "x"), 3, "ccpar-hybrid setup"),
        (("status", "--session", "nope"), 3, "ccpar-hybrid setup"),
        (("attach", "--session", "nope"), 3, "ccpar-hybrid setup"),
        (("stop", "--session", "nope"), 3, "there is no session nope"),
        (("stop", "--session", "a:b"), 2, "A-Z a-z 0-9 _ -"),
        (("setup", "--session", ""), 2, "A-Z a-z 0-9 _ -"),
        (("setup", "2", "--layout", "nope"), 3, "auto, focus, grid"),
        (("setup", "--agent", "nope"), 2, "known are claude, command, demo"),
        (("add", "--agent", "nope", "x"), 2, "known are claude, command, demo"),
        (("setup", "0"), 2, "a whole number from 1"),
        (("setup", "many"), 2, "a whole number from 1"),
        (("setup", "999"), 2, "1 to 256"),
        (("setup", "--group", "a=0"), 2, "a whole number from 1"),
        (("setup", "--group", "a=1", "--group", "a=2"), 2, "each name once"),
        (("list", "--state", "nope"), 2, "held, delayed"),
        (("config", "show", "nope"), 3, "there is no setting nope"),
        ((*ADD, "--dir", "/no/such/place", "x"), 2, "/no/such/place is not a directory"),
        ((*ADD, "--dir", "a\nb", "x"), 2, "a␊b is not a directory"),
        ((*ADD, "--dir", "", "x"), 2, "dir is empty"),
        ((*ADD, "--context", "nope", "x"), 2, "there is no context file"),
        ((*ADD, "--delay", "soon", "x"), 2, "16:00"),
        ((*ADD, "--delay", "1h30", "x"), 2, "1h30m"),
        ((*ADD, "--delay", "25:00", "x"), 2, "16:00"),
        ((*ADD, "--delay", "2020-01-01", "x"), 2, "is past"),
        ((*ADD, "--delay", "9999-12-31", "x"), 2, "3650 days"),
        ((*ADD, "--delay", "", "x"), 2, "delay is empty"),
        ((*ADD, "--timeout", "soon", "x"), 2, "10min"),
        ((*ADD, "--timeout", "0", "x"), 2, "more than 0 seconds"),
        ((*ADD, "--timeout", "9" * 400, "x"), 2, "3650 days"),
        (("wait", "--timeout", "soon"), 2, "10min"),
        ((*ADD, "--memory", "lots", "x"), 2, "512M, 2G"),
        ((*ADD, "--memory", "1M", "x"), 2, "from 16M on"),
        ((*ADD, "--cpus", "0", "x"), 2, "0.1 to 1024"),
        ((*ADD, "--cpus", "nan", "x"), 2, "0.1 to 1024"),
        (("stats", "--since", "soon"), 2, "10min"),
        ((*ADD, "--priority", "high", "x"), 2, "a whole number is accepted"),
        ((*ADD, "--priority", "2147483648", "x"), 2, "-2147483648 to 2147483647"),
        ((*ADD, "--env", "=x", "x"), 2, "NAME=VALUE"),
        ((*ADD, "--env", "NOT_SET_ANYWHERE", "x"), 2, "NAME=VALUE"),
        ((*ADD, "--env", "A B=1", "x"), 2, "'A B' is no variable's name"),
        ((*ADD, ""), 2, "the prompt is empty"),
        ((*ADD, " \n\t"), 2, "the prompt is empty"),
        (ADD, 2, "the prompt is empty"),
        ((*ADD, "fix", "it"), 2, "in quotes"),
        ((*ADD, "x", "--prompt-file", "/etc/hostname"), 2, "more than one prompt"),
        ((*ADD, "x", "--jsonl"), 2, "more than one prompt"),
        ((*ADD, "--prompt-file", "/nonexistent"), 2, "cannot read /nonexistent"),
        ((*ADD, "--label", " ", "x"), 2, "label is empty"),
        ((*ADD, "--label", "y" * 100_000, "x"), 2, "at most 200 characters"),
        ((*ADD, b"\xff\xfe"), 2, "UTF-8"),
        ((*ADD, "--label", b"\xff", "x"), 2, "UTF-8"),
    ],
)
def test_it_is_refused_with_what_is_accepted(
    shared: CommandLine, words: tuple[str | bytes, ...], code: int, said: str
) -> None:
    before = shared.queued()
    done = shared(*words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert len(done.err) < 1000
    assert "\x1b" not in done.err
    assert shared.queued() == before


_GOOD = '{"prompt": "a", "agent": "command"}'


def lines(*texts: str) -> str:
    return "".join(f"{text}\n" for text in texts)


@pytest.mark.parametrize(
    ("input", "said"),
    [
        (lines('{"prompt": "a"}', "bad", '{"prompt": "b"}'), "line 2 is not JSON"),
        (lines(_GOOD, '{"prompt": "b", "dir": "/nope"}'), "task 2: /nope"),
        (lines('{"prompt": "a", "agent": "no", "label": "l"}', '{"prompt": "b"}'), "task 1 (l): "),
        (lines('{"prompt": "a", "label": "s"}', '{"prompt": "b", "label": "s"}'), "given twice"),
        (lines('{"prompt": "a", "label": "s", "after": ["s"]}'), "s → s"),
        (
            lines(
                '{"prompt": "x", "label": "a", "after": ["b"]}',
                '{"prompt": "x", "label": "b", "after": ["c"]}',
                '{"prompt": "x", "label": "c", "after": ["a"]}',
            ),
            "a → b → c → a",
        ),
        ("", "there is no task on standard input"),
        (b'{"prompt": "\xff"}', "not UTF-8 at byte 12"),
    ],
)
def test_of_many_tasks_all_are_refused(shared: CommandLine, input: str | bytes, said: str) -> None:
    before, tasks = shared.queued(), shared.tasks()
    done = shared("add", "--jsonl", input=input)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert (shared.queued(), shared.tasks()) == (before, tasks)


def test_options_beside_json_lines_are_refused(shared: CommandLine) -> None:
    done = shared("add", "--jsonl", "--priority", "0", input='{"prompt": "x"}')
    assert done.code == 2
    assert "--priority beside JSON lines" in done.err


def test_json_lines_with_a_byte_order_mark_and_odd_line_ends_are_read(shared: CommandLine) -> None:
    text = (
        '\ufeff{"prompt": "a\u2028b", "agent": "command"}\r\n\r\n{"prompt": "b", "agent": "demo"}'
    )
    added = shared.good("add", "--jsonl", "--json", input=text).json["tasks"]
    assert len(added) == 2
    shown = shared.good("show", added[0]["key"], "--json").json["task"]
    assert shown["prompt"] == "a\u2028b"


def test_a_label_that_names_several_tasks_is_refused_with_their_keys(shared: CommandLine) -> None:
    keys = [
        shared.good(*ADD, "--json", "--label", "twin", "true").json["tasks"][0]["key"]
        for _ in range(2)
    ]
    said = shared("show", "twin")
    assert said.code == 2
    assert all(key in said.err for key in keys)
    assert shared("show", f"label:{keys[0]}").code == 3


def test_a_label_of_digits_or_like_a_key_is_found_by_saying_that_it_is_a_label(
    shared: CommandLine,
) -> None:
    for label in ("0", "taaaaaaab", "id:0", "-x"):
        key = shared.good(*ADD, "--json", "--label", label, "true").json["tasks"][0]["key"]
        assert shared.good("show", "--json", "--", f"label:{label}").json["task"]["key"] == key
