"""What `quota` tells of accounts, to people and to programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ccpar_hybrid.app import quota
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.account import AccountId, Limit, Reading, Window, WindowName
from ccpar_hybrid.core.errors import NotFound
from ccpar_hybrid.front.cli.main import main
from tests.support.json_page import check_document
from tests.support.paths import private_environment

ME = AccountId("claude:login-1a2b3c4d")


@pytest.fixture
def app(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    environment = private_environment(home)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with App(environment) as made:
        yield made


def now() -> datetime:
    return datetime.now(UTC)


def note(app: App, used_percent: float, resets_at: datetime, at: datetime) -> None:
    window = Window(name=WindowName.FIVE_HOUR, used_percent=used_percent, resets_at=resets_at)
    app.ledger.accounts.note([Reading(account=ME, at=at, window=window)])


def meet(app: App, until: datetime) -> None:
    limit = Limit(account=ME, since=now(), until=until, window=WindowName.FIVE_HOUR)
    app.ledger.accounts.meet_limit(ME, now(), lambda _: limit)


def test_the_rate_and_the_end_at_this_rate_are_told(app: App) -> None:
    at = now()
    reset = at + timedelta(hours=4)
    note(app, 20, reset, at - timedelta(minutes=30))
    note(app, 60, reset, at)
    (view,) = quota.take(app, at)
    (window,) = view.windows
    assert window.percent_per_hour == pytest.approx(80, rel=0.01)
    assert window.runs_out_at is not None
    assert (window.runs_out_at - at).total_seconds() == pytest.approx(1800, rel=0.01)
    assert view.is_free


def test_after_its_reset_the_use_of_a_window_is_unknown(app: App) -> None:
    note(app, 99, now() - timedelta(seconds=5), now() - timedelta(minutes=1))
    (view,) = quota.take(app)
    (window,) = view.windows
    assert (window.is_over, window.percent_per_hour, view.reserve) == (True, None, None)
    assert quota.troubles(app) == []


def test_troubles_are_told_in_short_lines(app: App) -> None:
    assert quota.troubles(app) == []
    note(app, 97, now() + timedelta(hours=1), now())
    assert quota.troubles(app)[0].startswith(f"reserve of {ME} kept until ")
    meet(app, now() + timedelta(days=3))
    app.ledger.accounts.refuse_login(ME, "g", "run /login", now())
    limit, login = quota.troubles(app)
    assert limit.startswith(f"usage limit of {ME} until ")
    assert login.endswith("pueue start -g g")
    (view,) = quota.take(app)
    assert not view.is_free


def test_a_limit_can_be_lifted_by_its_name_or_with_all_others(app: App) -> None:
    with pytest.raises(NotFound, match="there is no account"):
        quota.lift(app, "claude:other")
    assert quota.lift(app, "all") == []
    meet(app, now() + timedelta(hours=1))
    assert quota.lift(app, ME) == [ME]
    assert quota.take(app)[0].limit is None


def test_people_and_programs_are_told_the_same(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quota"]) == 0
    assert "no account" in capsys.readouterr().out
    note(app, 97, now() + timedelta(hours=1, seconds=30), now())
    meet(app, now() + timedelta(hours=1, seconds=30))
    app.ledger.accounts.refuse_login(ME, "g", "Please run /login", now())
    assert main(["quota"]) == 0
    shown = capsys.readouterr().out
    for words in (ME, "five-hour window", "97 %", "in 1 h", "usage limit", "Please run /login"):
        assert words in shown
    assert main(["quota", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    check_document(document)
    (account,) = document["accounts"]
    assert account["limit"]["window"] == "five_hour"
    assert account["reserve"] == "five_hour"
    assert not account["is_free"]
    assert main(["quota", "--lift", "all"]) == 0
    assert f"the limit of {ME} counts as over" in capsys.readouterr().out
