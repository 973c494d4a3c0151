"""Copies of Pueue's state: whole ones only, a few, and damaged ones set aside."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ccpar_hybrid.app import life, pueue_copy
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.life import Lives
from ccpar_hybrid.scheduler.base import Life
from tests.support.ledger import SOME_TIME


def state(group: str) -> str:
    groups = {group: {"status": "Paused", "parallel_tasks": 3}}
    return json.dumps({"tasks": {}, "groups": groups})


@pytest.fixture
def app(home: Path, environment: dict[str, str]) -> Iterator[App]:
    config = home / "pueue.yml"
    config.write_text(f"shared:\n  pueue_directory: {home}\n  runtime_directory: {home}\n")
    with App({**environment, "PUEUE_CONFIG_PATH": str(config)}) as opened:
        yield opened


def write(home: Path, text: str, minutes: float) -> None:
    file = home / "state.json"
    file.write_text(text)
    moment = (SOME_TIME + timedelta(minutes=minutes)).timestamp()
    os.utime(file, (moment, moment))


def copies(app: App) -> list[Path]:
    return sorted(Path(app.paths.state, "pueue").glob("state-*"))


def test_the_newest_copy_tells_what_pueue_had_and_when(app: App, home: Path) -> None:
    for minutes, group in enumerate(("one", "two")):
        write(home, state(group), minutes)
        pueue_copy.keep_copy(app)
    newest = pueue_copy.newest(app)
    assert newest
    assert newest.queue.groups["two"].paused
    assert abs(newest.written_at - SOME_TIME - timedelta(minutes=1)) < timedelta(seconds=1)
    assert newest.file.stat().st_mode & 0o777 == 0o600


def test_what_has_not_changed_or_is_not_whole_is_not_copied(app: App, home: Path) -> None:
    pueue_copy.keep_copy(app)
    write(home, state("one"), 0)
    pueue_copy.keep_copy(app)
    pueue_copy.keep_copy(app)
    for minutes, text in enumerate(("", "{", "[]", '{"tasks": {}}', "null"), 1):
        write(home, text, minutes)
        pueue_copy.keep_copy(app)
    assert len(copies(app)) == 1


def test_a_few_copies_stay_that_are_far_apart(app: App, home: Path) -> None:
    for minute in range(100):
        write(home, state("one"), minute)
        pueue_copy.keep_copy(app)
    assert len(copies(app)) == pueue_copy.KEPT
    newest = pueue_copy.newest(app)
    assert newest
    assert newest.written_at > SOME_TIME + timedelta(minutes=98)


def test_a_copy_that_cannot_be_read_gives_way_to_the_one_before(app: App, home: Path) -> None:
    for minutes, group in enumerate(("one", "two")):
        write(home, state(group), 20 * minutes)
        pueue_copy.keep_copy(app)
    copies(app)[-1].write_text("{")
    newest = pueue_copy.newest(app)
    assert newest
    assert set(newest.queue.groups) == {"one"}


def test_a_damaged_state_is_kept_before_the_next_start(app: App, home: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    write(home, '{"tasks": {', 0)
    pueue_copy.before_start(app)
    kept = pueue_copy.damaged_since(app.paths, before)
    assert kept
    assert kept.read_text() == '{"tasks": {'
    assert kept.stat().st_mode & 0o777 == 0o600
    assert pueue_copy.damaged_since(app.paths, datetime.now(UTC) + timedelta(minutes=1)) is None
    assert copies(app) == []


@pytest.mark.parametrize(("pid", "copied"), [("7", True), ("8", False), ("", True)])
def test_the_last_words_of_a_daemon_count_only_if_its_queue_was_in_order(
    app: App, home: Path, pid: str, copied: bool
) -> None:
    life.save(app.paths, Lives().with_order(Life(id="7.123", started_at=SOME_TIME)))
    if pid:
        (home / "pueue.pid").write_text(pid)
    write(home, state("one"), 0)
    pueue_copy.before_start(app)
    assert bool(copies(app)) is copied
