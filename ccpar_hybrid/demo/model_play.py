"""Which answer of which script a request gets. Standard library only."""

import threading
from collections import Counter
from collections.abc import Iterable

from ccpar_hybrid.demo.model_answer import Answer, answer_of, side_answer
from ccpar_hybrid.demo.model_request import BadRequest, Conversation
from ccpar_hybrid.demo.script import (
    Fail,
    Headers,
    Pause,
    Rules,
    ScriptError,
    Turn,
    steps_for,
    turns,
)


class Player:
    """Plays scripts. Where a conversation stands is read from each request; only the number of
    refusals is kept here, for nothing in a repeated request tells how often it was refused.
    """

    def __init__(self, rules: Rules = ()) -> None:
        self._rules = rules
        self._refused: Counter[tuple[str, str, int, int, int]] = Counter()
        self._lock = threading.Lock()

    def play(self, request: Conversation) -> tuple[float, Answer | Fail]:
        """The outcome of a request, and the seconds to wait before a refusal.

        Raises BadRequest for a prompt with a broken script.
        """
        if request.is_side:
            return 0.0, side_answer(request)
        try:
            played = turns(steps_for(request.prompt, self._rules))
        except ScriptError as error:
            raise BadRequest(str(error)) from error
        turn = played[request.answered] if request.answered < len(played) else ()
        refusal = self._refusal(request, turn)
        if refusal is not None:
            return refusal
        headers = _headers(step for each in played[: request.answered + 1] for step in each)
        return 0.0, answer_of(request, turn, headers)

    def _refusal(self, request: Conversation, turn: Turn) -> tuple[float, Fail] | None:
        """The first refusal of a turn that is not used up, with the pauses before it."""
        delay_s = 0.0
        for index, step in enumerate(turn):
            if isinstance(step, Pause):
                delay_s += step.seconds
            elif isinstance(step, Fail) and self._still_refuses(request, index, step):
                return delay_s, step
        return None

    def _still_refuses(self, request: Conversation, index: int, step: Fail) -> bool:
        place = (request.key, request.prompt, request.position, request.answered, index)
        with self._lock:
            self._refused[place] += 1
            return step.times == 0 or self._refused[place] <= step.times


def _headers(steps: Iterable[object]) -> dict[str, str]:
    values: dict[str, str] = {}
    for step in steps:
        if isinstance(step, Headers):
            values.update(step.values)
    return values
