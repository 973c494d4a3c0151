"""The ledger's pages on approvals: what agents asked leave for, and what was decided."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ccpar_hybrid.core.decision import Answer, Approval, By, Decision, End, Request, Ruling
from ccpar_hybrid.core.errors import NotFound
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.ledger.database import Database, Value
from ccpar_hybrid.ledger.row import model_text, time_text, told_of

COLUMNS = (
    "request_id, asked_at, task_key, attempt, agent, group_name, tool, input, request, ruling,"
    " decision, decided_by, decided_at, message, ending, ended_at, key_at"
)
INSERT = f"INSERT INTO approvals ({COLUMNS}) VALUES ({', '.join('?' * 17)})"
_IN_COLUMNS = {"id", "asked_at", "key", "attempt", "agent", "group", "tool", "input"}
_STANDING = (
    "ended_at IS NULL AND NOT EXISTS (SELECT 1 FROM attempts WHERE task_key = approvals.task_key"
    " AND number = approvals.attempt AND outcome IS NOT NULL)"
)


@dataclass(frozen=True)
class Sieve:
    """Which approvals are wanted; None: all. `since` is a time of asking."""

    key: TaskKey | None = None
    group: str | None = None
    agent: str | None = None
    tool: str | None = None
    decision: Decision | None = None
    by: By | None = None
    since: datetime | None = None

    def conditions(self) -> tuple[str, list[Value]]:
        """An SQL condition with its values."""
        named: dict[str, Value] = {
            "task_key = ?": self.key,
            "group_name = ?": self.group,
            "agent = ?": self.agent,
            "tool = ?": self.tool,
            "decision = ?": self.decision.value if self.decision else None,
            "decided_by = ?": self.by.value if self.by else None,
            "asked_at >= ?": time_text(self.since) if self.since else None,
        }
        given = {name: value for name, value in named.items() if value is not None}
        return " AND ".join(given) or "TRUE", list(given.values())


class ApprovalBook:
    """All requests of agents and what became of them; errors and blocking as of the Ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- what the approver notes

    def note(self, request: Request, ruling: Ruling, answer: Answer | None = None) -> Approval:
        """Keep a request with what the policy says of it, before anything is answered.

        One that is there already is returned as it is: a request is judged once.
        """
        approval = Approval(request=request, ruling=ruling, answer=answer)
        with self._database.transaction():
            found = self.find(request.id)
            if found is None:
                self._database.write(INSERT, *approval_row(approval))
        return found or approval

    def decide(self, request_id: str, answer: Answer) -> bool:
        """Note the decision, before it is told to the agent; the first one stays.

        False where there is one already, or the request or its attempt has ended. Raises
        NotFound.
        """
        with self._database.transaction():
            self._must_be_there(request_id)
            done = self._database.write(
                "UPDATE approvals SET decision = ?, decided_by = ?, decided_at = ?, message = ?"
                f" WHERE request_id = ? AND decided_by IS NULL AND {_STANDING}",
                *_answer_columns(answer),
                request_id,
            )
        return bool(done)

    def end(self, request_id: str, end: End, at: datetime) -> bool:
        """Note what became of the request; False where that is noted already. Raises NotFound."""
        with self._database.transaction():
            self._must_be_there(request_id)
            done = self._database.write(
                "UPDATE approvals SET ending = ?, ended_at = ?"
                " WHERE request_id = ? AND ended_at IS NULL",
                end.value,
                time_text(at),
                request_id,
            )
        return bool(done)

    def end_by_hand(self, request_id: str, decision: Decision | None, at: datetime) -> None:
        """Note that it was answered in the pane; how, may become known later. Raises NotFound.

        A decision that was noted before and that the agent never heard of gives way.
        """
        told = decision.value if decision else None
        hand, when = By.HAND.value, time_text(at)
        with self._database.transaction():
            self._must_be_there(request_id)
            self._database.write(
                "UPDATE approvals SET decision = coalesce(decision, ?)"
                " WHERE request_id = ? AND ending = ?",
                *(told, request_id, End.BY_HAND.value),
            )
            self._database.write(
                "UPDATE approvals SET decision = ?, decided_by = ?, decided_at = ?, message = '',"
                " ending = ?, ended_at = ?"
                " WHERE request_id = ? AND (ended_at IS NULL OR ending = ?)",
                *(told, hand, when, End.BY_HAND.value, when, request_id, End.GONE.value),
            )

    # --- what goes by the screen

    def note_key(self, request_id: str, at: datetime | None) -> None:
        """Note that a key is about to answer it; None: the key was surely not pressed."""
        with self._database.transaction():
            self._must_be_there(request_id)
            self._database.write(
                "UPDATE approvals SET key_at = ? WHERE request_id = ?",
                *(time_text(at) if at else None, request_id),
            )

    def keep_screen(self, request_id: str, screen: str) -> None:
        """Note what the pane shows of it, if that was not seen before."""
        with self._database.transaction():
            self._must_be_there(request_id)
            self._database.write(
                "UPDATE approvals SET request = json_set(request, '$.screen', ?)"
                " WHERE request_id = ? AND json_extract(request, '$.screen') IS NULL",
                *(screen, request_id),
            )

    def leave_to_pane(self, request_id: str, ruling: Ruling) -> None:
        """Take back a decision that did not reach the agent: only its pane answers it now."""
        with self._database.transaction():
            self._must_be_there(request_id)
            self._database.write(
                "UPDATE approvals SET decision = NULL, decided_by = NULL, decided_at = NULL,"
                " message = NULL, ruling = ? WHERE request_id = ? AND ended_at IS NULL",
                *(model_text(ruling), request_id),
            )

    # --- looking

    def newest(self, key: TaskKey, attempt: int) -> Approval | None:
        """What the attempt asked for last."""
        found = self._database.row(
            f"SELECT {COLUMNS} FROM approvals WHERE task_key = ? AND attempt = ?"
            " ORDER BY id DESC LIMIT 1",
            *(key, attempt),
        )
        return approval_of(found) if found else None

    def is_answered_by_screen(self, request_id: str) -> bool:
        """Whether the attempt's next request is about the same dialog, and was answered by key.

        So it is where the hook of the first has died.
        """
        found = self._database.row(
            "SELECT after.tool = it.tool AND json_extract(after.request, '$.way') = 'screen'"
            " AND after.decided_by IS NOT NULL"
            " FROM approvals AS it JOIN approvals AS after ON after.task_key = it.task_key"
            " AND after.attempt = it.attempt AND after.id > it.id"
            " WHERE it.request_id = ? ORDER BY after.id LIMIT 1",
            request_id,
        )
        return bool(found and found[0])

    def find(self, request_id: str) -> Approval | None:
        """The one of this id."""
        found = self._database.row(
            f"SELECT {COLUMNS} FROM approvals WHERE request_id = ?", request_id
        )
        return approval_of(found) if found else None

    def beginning(self, text: str, limit: int = 10) -> list[Approval]:
        """Those whose id begins with this text, which people may shorten; newest first."""
        if not text or not set(text) <= set("0123456789abcdef"):
            return []
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM approvals WHERE request_id GLOB ? || '*'"
            " ORDER BY id DESC LIMIT ?",
            text,
            limit,
        )
        return [approval_of(row) for row in rows]

    def standing(self) -> list[Approval]:
        """Those that have not ended and whose attempt has not, the oldest first."""
        rows = self._database.rows(f"SELECT {COLUMNS} FROM approvals WHERE {_STANDING} ORDER BY id")
        return [approval_of(row) for row in rows]

    def left_behind(self) -> list[str]:
        """Ids of those that have not ended though their attempt has."""
        rows = self._database.rows(
            f"SELECT request_id FROM approvals WHERE ended_at IS NULL AND NOT ({_STANDING})"
        )
        return [row[0] for row in rows]

    def history(self, sieve: Sieve = Sieve(), limit: int | None = None) -> list[Approval]:
        """Those that the sieve lets through, the newest first."""
        condition, values = sieve.conditions()
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM approvals WHERE {condition} ORDER BY id DESC LIMIT ?",
            *values,
            -1 if limit is None else limit,
        )
        return [approval_of(row) for row in rows]

    def since_a_person(self, key: TaskKey, most: int) -> list[Approval]:
        """The task's latest allowed by policy alone, newest first, back to one that a person
        decided; at most so many."""
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM approvals WHERE task_key = ? AND decision = ?"
            " AND decided_by = ? AND id > (SELECT coalesce(max(id), 0) FROM approvals WHERE"
            " task_key = ? AND decided_by IN (?, ?)) ORDER BY id DESC LIMIT ?",
            key,
            Decision.ALLOW.value,
            By.POLICY.value,
            key,
            By.PERSON.value,
            By.HAND.value,
            most,
        )
        return [approval_of(row) for row in rows]

    def _must_be_there(self, request_id: str) -> None:
        query = "SELECT 1 FROM approvals WHERE request_id = ?"
        if self._database.row(query, request_id) is None:
            raise NotFound(f"the ledger has no request {request_id}")


def approval_row(approval: Approval) -> tuple[Value, ...]:
    """In the order of COLUMNS; BadInput for text that cannot be kept."""
    request = approval.request
    return (
        request.id,
        time_text(request.asked_at),
        request.key,
        request.attempt,
        request.agent,
        request.group,
        request.tool,
        json.dumps(request.input, sort_keys=True),
        request.model_dump_json(exclude=_IN_COLUMNS),
        model_text(approval.ruling),
        *_answer_columns(approval.answer),
        approval.end.value if approval.end else None,
        time_text(approval.ended_at) if approval.ended_at else None,
        time_text(approval.key_at) if approval.key_at else None,
    )


def _answer_columns(answer: Answer | None) -> tuple[Value, ...]:
    if answer is None:
        return (None, None, None, None)
    decision = answer.decision.value if answer.decision else None
    return (decision, answer.by.value, time_text(answer.at), answer.message)


def approval_of(row: Sequence[Any]) -> Approval:
    """An approval from its COLUMNS; Damaged if it cannot be read."""
    request_id, asked_at, key, attempt, agent, group, tool, given, more, ruling = row[:10]
    ending, ended_at, key_at = row[14:]
    with told_of(key):
        request = {
            **json.loads(more),
            "id": request_id,
            "asked_at": asked_at,
            "key": key,
            "attempt": attempt,
            "agent": agent,
            "group": group,
            "tool": tool,
            "input": json.loads(given),
        }
        return Approval(
            request=Request.model_validate(request),
            ruling=Ruling.model_validate_json(ruling),
            answer=_answer_of(row[10:14]),
            end=End(ending) if ending else None,
            ended_at=datetime.fromisoformat(ended_at) if ended_at else None,
            key_at=datetime.fromisoformat(key_at) if key_at else None,
        )


def _answer_of(row: Sequence[Any]) -> Answer | None:
    decision, by, at, message = row
    if by is None:
        return None
    return Answer(
        decision=Decision(decision) if decision else None,
        by=By(by),
        at=datetime.fromisoformat(at),
        message=message or "",
    )
