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
    answers: nothing is decided then, unless it died just after it had noted it.
    """
    said = {
        "type": wire.DECIDE,
        "id": request_id,
        "decision": decision.value,
        "message": message,
        "always": False,
    }
    try:
        with wire.Link.connect(paths.approver, _TIMEOUT_S) as link:
            link.send(said)
            reply = link.receive()
    except (OSError, wire.WireError) as error:
        raise _missing() from error
    if reply is None:
        raise _missing()
    if reply["type"] != wire.OK:
        reason = reply.get("reason") or f"the approver said {reply['type']}"
        raise Refused(str(reason), str(reply.get("hint", "")))


def _missing() -> MissingPart:
    return MissingPart(
        "no approver answers, so nothing was decided",
        "answer in the worker's pane, or start it with `ccpar-hybrid setup`",
    )
