from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.core.task import TaskKey, is_key
from ccpar_hybrid.scheduler.command import Named, identity_of, named_by

KEY = TaskKey("tabc234xy")
NONE = Named(None, False)


@pytest.mark.parametrize(
    "command",
    [
        f"exec ccpar-task {KEY}",
        f"ccpar-task {KEY}",
        f"exec /opt/my-tools/bin/ccpar-task {KEY}",
        f"exec '/opt/my tools/ccpar-task' {KEY}",
        f"A=1 B='x y' exec ccpar-task {KEY}",
        f"cd /srv && exec ccpar-task {KEY}",
        f"cd /srv; ccpar-task {KEY}",
        f"cd '/a b'&&ccpar-task {KEY} 2>&1",
        f"(ccpar-task {KEY})",
    ],
)
def test_a_command_that_starts_the_shim_with_a_key_names_it(command: str) -> None:
    assert named_by(command) == Named(KEY, False)


@pytest.mark.parametrize(
    "command",
    [
        "ccpar-task --prompt 'Fix the parser'",
        "exec ccpar-task --prompt-file=/tmp/x --agent demo",
        "FOO=bar ccpar-task --prompt x",
        "cd /srv && ccpar-task --prompt x",
        # What `pueue add -- ccpar-task --prompt 'Fix the parser'` stores.
        "ccpar-task --prompt Fix the parser",
        f"ccpar-task --prompt {KEY}",
    ],
)
def test_a_command_that_starts_the_shim_with_options_is_by_hand(command: str) -> None:
    assert named_by(command) == Named(None, True)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "make test",
        "ccpar-task",
        "ccpar-task nokey",
        f"echo ccpar-task {KEY}",
        f"echo 'ccpar-task {KEY}'",
        f"my-ccpar-task {KEY}",
        f"ccpar-tasks {KEY}",
        f"ccpar-task '{KEY}",
        "exec",
    ],
)
def test_any_other_command_is_not_ours(command: str) -> None:
    assert named_by(command) == NONE


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    named_by(f"{text} ccpar-task {text}")
    assert named_by(f"echo {shlex.quote('ccpar-task ' + text)}") == NONE


def test_an_identity_has_the_form_of_a_key() -> None:
    assert is_key(identity_of("2025-03-01T12:00:00.123456789+00:00", "ccpar-task --prompt x"))


def test_an_identity_is_the_same_in_every_time_zone() -> None:
    there = identity_of("2025-03-01T17:30:00.120+05:30", "c")
    assert identity_of("2025-03-01T12:00:00.120000000Z", "c") == there
    assert identity_of("2025-03-01T12:00:00.12Z", "c") == there


def test_an_identity_changes_with_a_nanosecond_and_with_the_command() -> None:
    one = identity_of("2025-03-01T12:00:00.123456789Z", "c")
    assert identity_of("2025-03-01T12:00:00.123456788Z", "c") != one
    assert identity_of("2025-03-01T12:00:00.123456789Z", "d") != one
