"""`recover`: brings back by hand what a death or a reboot has ended: daemon, queue, sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ccpar_hybrid.app import daemon
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.recovered import Recovered
from ccpar_hybrid.app.recovery import recover
from ccpar_hybrid.app.session import Sessions, Wanted
from ccpar_hybrid.app.session_record import Report


@dataclass(frozen=True)
class Restored:
    """What was done. `sessions`: what became of each that is to be there."""

    daemon_started: bool
    recovered: Recovered
    sessions: tuple[Report, ...]

    @property
    def lines(self) -> list[str]:
        """What was done, for people; empty where there was nothing to do."""
        lines = ["started pueued"] if self.daemon_started else []
        lines += self.recovered.lines
        for report in self.sessions:
            lines += _changes(report)
        return lines


def restore(app: App, say: Callable[[str], None]) -> Restored:
    """Start pueued where it is gone, bring the queue in order, build the sessions again.

    Sessions that `stop` has ended stay ended. `say` hears at once what was done to the queue.
    Raises MissingPart and Refused as `setup` does.
    """
    started = daemon.ensure(app)
    if started:
        say("started pueued")
    done = recover(app)
    for line in done.lines:
        say(line)
    reports: list[Report] = []
    for name, record in app.session_records().items():
        if not record.stopped:
            report = Sessions(app).setup(Wanted(name))
            for line in _changes(report):
                say(line)
            reports.append(report)
    return Restored(started, done, tuple(reports))


def _changes(report: Report) -> list[str]:
    lines = [f"built session {report.session} again"] if report.created else []
    if report.added and not report.created:
        lines.append(f"session {report.session}: added {', '.join(report.added)}")
    if report.restarted:
        lines.append(f"session {report.session}: restarted {', '.join(report.restarted)}")
    if report.silent:
        lines.append(f"session {report.session}: {', '.join(report.silent)} did not come up")
    return [*lines, *report.recovered.lines]
