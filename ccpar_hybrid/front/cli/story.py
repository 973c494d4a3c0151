"""`show`: one task's story for people."""

from __future__ import annotations

from ccpar_hybrid.app.approval_view import SHORT
from ccpar_hybrid.app.snapshot import TaskView
from ccpar_hybrid.core.amount import written
from ccpar_hybrid.core.mask import MASK, masked
from ccpar_hybrid.core.outcome import Attempt, Cause, Event, Outcome, Result
from ccpar_hybrid.core.task import TaskSpec
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli.output import ago, paint, paint_state, span

_WIDTH = 12
_TEXT_LIMIT = 2000
_LINES = 40


def print_story(view: TaskView, attempts: list[Attempt], events: list[Event]) -> None:
    """What was asked, how it stands, each attempt, each event."""
    _head(view)
    print()
    _prompt(view.task.spec.prompt)
    for attempt in attempts:
        print()
        _attempt(attempt)
    print()
    print(paint("events", "bold"))
    for event in events:
        _event(event)


def _head(view: TaskView) -> None:
    spec = view.task.spec
    state = paint_state(view.state.value, view.state.value)
    name = paint(visible(view.task.name, 200), "bold")
    print(f"{name}  {state}  {visible(masked(view.detail), 400)}")
    waits = ", ".join(view.after)
    lines = {
        "key": view.key,
        "pueue id": "" if view.pueue_id is None else str(view.pueue_id),
        "group": f"{visible(spec.group, 60)}, priority {spec.priority}",
        "after": waits,
        "not before": ago(view.not_before),
        "directory": visible(spec.directory, 400),
        "agent": " ".join(filter(None, (spec.agent, spec.model, spec.permission_mode))),
        "allowed": ", ".join(visible(tool, 100) for tool in spec.allowed_tools),
        "context": ", ".join(visible(path, 200) for path in spec.context),
        "environment": ", ".join(sorted(visible(name, 60) for name in spec.environment)),
        "timeout": span(spec.timeout_s) if spec.timeout_s else "",
        "retries": _retries(spec),
        "idle limit": span(spec.idle_s) if spec.idle_s else "",
        "at a limit": spec.on_limit.value if spec.on_limit else "",
        "reserve": "may be used up" if spec.ignore_reserve else "",
        "memory": written(spec.memory_mib) if spec.memory_mib else "",
        "cpus": f"{spec.cpus:g}" if spec.cpus else "",
        "added": f"{ago(view.task.created_at)} ({view.task.source.value})",
        "worker": view.worker or "",
        "asks leave": ", ".join(each[:SHORT] for each in view.requests),
    }
    for name, value in lines.items():
        if value:
            _line(name, value)


def _retries(spec: TaskSpec) -> str:
    if spec.retries is None and spec.backoff_s is None:
        return ""
    number = "as configured" if spec.retries is None else str(spec.retries)
    return number if spec.backoff_s is None else f"{number}, the first after {span(spec.backoff_s)}"


def _line(name: str, value: str) -> None:
    print(f"  {paint(name.ljust(_WIDTH), 'dim')} {value}")


def _prompt(text: str) -> None:
    _text("prompt", masked(text))
    if MASK in masked(text) and MASK not in text:
        print(paint(f"  {MASK}: looks like a secret (--json has it)", "dim"))


def _text(name: str, text: str) -> None:
    print(paint(name, "bold"))
    lines = text[:_TEXT_LIMIT].splitlines() or [""]
    for line in lines[:_LINES]:
        print(f"  {visible(line, 400)}")
    rest = len(text) - sum(len(line) + 1 for line in lines[:_LINES])
    if rest > 0:
        print(paint(f"  … {rest:,} more characters (--json has all)", "dim"))


def _attempt(attempt: Attempt) -> None:
    print(paint(f"attempt {attempt.number}", "bold"))
    _line("worker", attempt.worker.partition(".")[2])
    _line("started", f"{ago(attempt.started_at)}, {attempt.start}, round {attempt.round}")
    if attempt.session_id:
        _line("session", attempt.session_id)
    if attempt.outcome is None:
        _line("outcome", "none yet")
    else:
        _outcome(attempt.outcome, attempt.cause)


def _outcome(outcome: Outcome, cause: Cause | None) -> None:
    words = [outcome.result.value]
    if outcome.result is not Result.INTERRUPTED:
        words.append(f"exit code {outcome.exit_code}")
    if outcome.duration_s:
        words.append(f"took {span(outcome.duration_s)}")
    _line("outcome", ", ".join(words))
    if cause not in (None, Cause.OWN):
        _line("cause", str(cause))
    if outcome.reason not in ("", "done"):
        _line("reason", visible(masked(outcome.reason), 400))
    usage = outcome.usage
    if usage.total_tokens:
        cost = f", ${usage.cost_usd:.4f}" if usage.cost_usd is not None else ""
        cached = usage.cache_read_tokens + usage.cache_write_tokens
        _line(
            "tokens",
            f"{usage.input_tokens:,} in, {usage.output_tokens:,} out, {cached:,} cached{cost}",
        )
    if outcome.last_message:
        _line("last words", visible(masked(outcome.last_message), 400))


def _event(event: Event) -> None:
    when = event.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    attempt = f" #{event.attempt}" if event.attempt else ""
    data = ", ".join(
        f"{name}: {visible(masked(str(value)), 200)}" for name, value in event.data.items()
    )
    print(f"  {paint(when, 'dim')} {event.kind}{attempt}  {data}".rstrip())
