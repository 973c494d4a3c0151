"""Which answer of which script a request gets. Standard library only."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable

from ccpar_hybrid.demo.allowance import Allowance
from ccpar_hybrid.demo.model_answer import Answer, answer_of, side_answer
from ccpar_hybrid.demo.model_request import BadRequest, Conversation
from ccpar_hybrid.demo.script import (
    Fail,
    Headers,
    Limit,
    Pause,
    Rules,
    ScriptError,
    Turn,
    Windows,
    steps_for,
    turns,
)


class Player:
    """Plays scripts. Where a conversation stands is read from each request; only refusals are
    kept here, for nothing in a repeated request tells how often it was refused, and the use of
    accounts, which their conversations share.
    """

    def __init__(self, rules: Rules = ()) -> None:
        self._rules = rules
        self._refused: Counter[tuple[str, str, int, int]] = Counter()
        self._allowances: defaultdict[str, Allowance] = defaultdict(Allowance)
        self._met: set[tuple[str, str, int, int]] = set()
        self._lock = threading.Lock()

    def play(self, request: Conversation, account: str = "") -> tuple[float, Answer | Fail]:
        """The outcome of a request, and the seconds to wait before a refusal.

        ``account`` is whoever asks, by its token or key.

        Raises BadRequest for a prompt with a broken script.
        """
        if request.is_side:
            return 0.0, side_answer(request)
        try:
            played = turns(steps_for(request.prompt, self._rules))
        except ScriptError as error:
            raise BadRequest(str(error)) from error
        turn = played[request.answered] if request.answered < len(played) else ()
        limited = self._spend(request, account, repr(played), turn)
        refusal = (0.0, limited) if limited else self._refusal(request, repr(played), turn)
        if refusal is not None:
            return refusal
        headers = _headers(step for each in played[: request.answered + 1] for step in each)
        return 0.0, answer_of(request, turn, self._allowance(account) | headers)

    def _spend(self, request: Conversation, account: str, script: str, turn: Turn) -> Fail | None:
        """Use what the turn uses of the account; the refusal if there is nothing left."""
        now_s = time.time()
        with self._lock:
            allowance = self._allowances[account]
            if refused := allowance.refusal(now_s):
                return refused
            for index, step in enumerate(turn):
                place = (request.key, script, request.answered, index)
                if isinstance(step, Windows):
                    allowance.use(step, now_s)
                elif isinstance(step, Limit) and place not in self._met:
                    self._met.add(place)
                    allowance.exhaust(step, now_s)
            return allowance.refusal(now_s)

    def _allowance(self, account: str) -> dict[str, str]:
        with self._lock:
            return self._allowances[account].headers(time.time())

    def _refusal(self, request: Conversation, script: str, turn: Turn) -> tuple[float, Fail] | None:
        """The first refusal of a turn that is not used up, with the pauses before it."""
        delay_s = 0.0
        for index, step in enumerate(turn):
            if isinstance(step, Pause):
                delay_s += step.seconds
            elif isinstance(step, Fail) and self._still_refuses(
                (request.key, script, request.answered, index), step
            ):
                return delay_s, step
        return None

    def _still_refuses(self, place: tuple[str, str, int, int], step: Fail) -> bool:
        """By conversation and script, so that it counts on where a session goes on with it."""
        with self._lock:
            self._refused[place] += 1
            return step.times == 0 or self._refused[place] <= step.times


def _headers(steps: Iterable[object]) -> dict[str, str]:
    values: dict[str, str] = {}
    for step in steps:
        if isinstance(step, Headers):
            values.update(step.values)
    return values
