"""Every `--json` document is as docs/json.md says, in a session with tasks of many kinds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ccpar_hybrid.app.snapshot import TaskState
from tests.support.command_line import CommandLine
from tests.support.instance import Instance, running_instance
from tests.support.json_page import check_document


@pytest.fixture(scope="module")
def session() -> Iterator[Instance]:
    """One worker at work, tasks that ended well and badly, that wait, and one by hand."""
    with running_instance(CCPAR_AGENT_DEFAULT="command") as instance:
        instance.setup(1)
        good = instance.add("echo words", label="good", env={"A": "b"}, timeout="1h", memory="2G")
        bad = instance.add("exit 3", label="bad", context=["/etc/passwd"])
        for task in (good, bad):
            instance.settled(task)
        long = instance.add("sleep 600", label="long")
        instance.wait_for(long, TaskState.RUNNING)
        instance.add("true", label="late", delay="1h")
        instance.add("true", label="next", after=["long"], priority=4)
        instance.pueue_add("-g", "subissues", "-l", "hand", "ccpar-task --prompt true")
        yield instance


def document(instance: Instance, *words: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(instance.cli(*words, "--json", code=code).stdout)
    check_document(found)
    return found


def test_list_is_as_described(session: Instance) -> None:
    tasks = {task["label"]: task for task in document(session, "list", "--all")["tasks"]}
    states = {label: task["state"] for label, task in tasks.items()}
    assert states["good"] == "succeeded"
    assert states["bad"] == "failed"
    assert states["long"] == "running"
    assert states["late"] == "delayed"
    assert states["next"] == "blocked"
    assert tasks["hand"]["source"] == "pueue"
    assert tasks["next"]["after"] == [tasks["long"]["key"]]
    assert tasks["bad"]["outcome"]["exit_code"] == 3


@pytest.mark.parametrize("label", ["good", "bad", "long", "late", "next"])
def test_show_is_as_described(session: Instance, label: str) -> None:
    task = document(session, "show", label)["task"]
    assert task["label"] == label
    assert len(task["attempt_list"]) == task["attempts"]
    assert task["events"][0]["kind"] == "added"


def test_status_is_as_described(session: Instance) -> None:
    found = document(session, "status")
    assert [worker["label"] for worker in found["workers"]] == ["long"]
    assert found["groups"][0]["states"]["running"] == 1


def test_stats_are_as_described(session: Instance) -> None:
    total = document(session, "stats")["total"]
    assert total["counts"] == {"succeeded": 1, "failed": 1}
    assert total["median_duration_s"] is not None


def test_wait_is_as_described(session: Instance) -> None:
    found = document(session, "wait", "good", "bad", code=5)
    assert {task["label"] for task in found["tasks"]} == {"good", "bad"}


def test_add_is_as_described(session: Instance) -> None:
    added = document(session, "add", "--delay", "1h", "--label", "new", "true")["tasks"]
    assert [task["label"] for task in added] == ["new"]


def test_doctor_and_config_are_as_described(session: Instance) -> None:
    document(session, "doctor")
    settings = document(session, "config", "show")["settings"]
    agent = next(each for each in settings if each["name"] == "agent.default")
    assert (agent["value"], agent["origin"], agent["where"]) == (
        "command",
        "environment",
        "$CCPAR_AGENT_DEFAULT",
    )


def test_without_anything_they_are_as_described_as_well(bare: CommandLine) -> None:
    kinds = ("list", "status", "stats", "quota", "wait", "doctor", "config show")
    for words in map(str.split, kinds):
        said = bare(*words, "--json", variables={"CCPAR_AGENT_DEFAULT": "demo"})
        assert said.code == 0, said
        check_document(said.json)
