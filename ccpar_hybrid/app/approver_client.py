"""Tells the approver what a person decides."""

from __future__ import annotations

from ccpar_hybrid.core.decision import Decision
from ccpar_hybrid.core.errors import MissingPart, Refused
from ccpar_hybrid.system.paths import Paths
from ccpar_hybrid.worker import wire

_TIMEOUT_S = 10.0


def decide(paths: Paths, request_id: str, decision: Decision, message: str = "") -> None:
    """Returns when the decision is recorded; the agent has it then, or soon.

    Raises Refused where the request is decided or over already, MissingPart where no approver
    answers; one that dies meanwhile may have noted the decision.
    """
    said = {
        "type": wire.DECIDE,
        "id": request_id,
        "decision": decision.value,
        "message": message,
    }
    try:
        link = wire.Link.connect(paths.approver, _TIMEOUT_S)
    except OSError as error:
        raise MissingPart(
            "no approver answers, so nothing was decided",
            "answer in the worker's pane, or start it with `ccpar-hybrid setup`",
        ) from error
    reply = _reply(link, said)
    if reply is None:
        raise MissingPart(
            "the approver ended before it said whether it is decided",
            f"see `ccpar-hybrid approvals show {request_id[:8]}`",
        )
    if reply["type"] != wire.OK:
        reason = reply.get("reason") or f"the approver said {reply['type']}"
        raise Refused(str(reason), str(reply.get("hint", "")))


def _reply(link: wire.Link, said: wire.Message) -> wire.Message | None:
    with link:
        try:
            link.send(said)
            return link.receive()
        except (OSError, wire.WireError):
            return None
