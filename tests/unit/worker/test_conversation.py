"""One session's state from what is seen of it; time is given, so nothing here waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.agents.base import Observation, Screen, Sign, Source
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.worker.conversation import INTERRUPTED, LIMITED, Conversation, Phase, Verdict

SETTLE_S = 1.5
IDLE = Screen(ready=True)
BUSY = Screen(ready=True, busy=True)


def seen(sign: Sign, text: str = "", source: Source = Source.HOOK) -> Observation:
    return Observation(sign, source, text)


def conversation(prompt: str | None = "Fix it") -> Conversation:
    return Conversation(prompt, SETTLE_S, lambda taken, given_text: taken == given_text)


def at_work() -> Conversation:
    talk = conversation()
    talk.see(seen(Sign.SESSION), 0)
    talk.sent()
    talk.see(seen(Sign.PROMPT, "Fix it"), 1)
    return talk


def finished(now: float = 2) -> Conversation:
    talk = at_work()
    talk.see(seen(Sign.TURN_ENDED, "Fixed."), now)
    return talk


def state(talk: Conversation) -> tuple[WorkerState, str]:
    return talk.view.state, talk.view.detail


def test_a_prompt_is_sent_when_the_session_is_there_and_taken_when_the_hook_says_so() -> None:
    talk = conversation()
    phases = [talk.phase]
    talk.see(seen(Sign.SESSION), 0)
    phases.append(talk.phase)
    talk.sent()
    phases.append(talk.phase)
    talk.see(seen(Sign.PROMPT, "Fix it"), 1)
    assert [*phases, talk.phase] == [Phase.STARTING, Phase.READY, Phase.SENT, Phase.TAKEN]
    assert state(talk) == (WorkerState.WORKING, "")


def test_a_limit_can_be_left_to_a_person_who_says_how_to_go_on() -> None:
    talk = Conversation("Fix it", SETTLE_S, lambda one, other: one == other, asks_at_limit=True)
    talk.see(seen(Sign.SESSION), 0)
    talk.sent()
    talk.see(seen(Sign.PROMPT, "Fix it"), 1)
    talk.see(Observation(Sign.TURN_FAILED, Source.HOOK, "no", error="rate_limit"), 2)
    assert state(talk) == (WorkerState.WAITING, LIMITED)
    assert talk.verdict(1000) is None
    talk.see_screen(Screen(waiting="usage limit"), 1000)
    assert state(talk) == (WorkerState.WAITING, LIMITED)
    talk.see(seen(Sign.PROMPT, "go on"), 1001)
    talk.see(seen(Sign.TURN_ENDED, "Fixed."), 1002)
    assert talk.verdict(1010) is Verdict.DONE


def test_somebody_elses_prompt_is_not_ours() -> None:
    talk = conversation()
    talk.see(seen(Sign.SESSION), 0)
    talk.sent()
    talk.see(seen(Sign.PROMPT, "<task-notification>"), 1)
    assert talk.phase is Phase.SENT
    talk.see(seen(Sign.TURN_ENDED), 2)
    assert talk.verdict(100) is None


def test_without_a_prompt_there_is_nothing_to_wait_for() -> None:
    assert conversation(None).phase is Phase.TAKEN


def test_a_turn_is_done_once_it_has_stayed_finished() -> None:
    talk = finished(2)
    assert state(talk) == (WorkerState.SETTLING, "")
    assert talk.verdict(2 + SETTLE_S - 0.01) is None
    assert talk.verdict(2 + SETTLE_S) is Verdict.DONE
    assert talk.last_message == "Fixed."


@pytest.mark.parametrize("sign", [Sign.PROMPT, Sign.WORKING, Sign.WAITING, Sign.BACKGROUND])
def test_what_begins_in_the_settle_time_keeps_the_session_open(sign: Sign) -> None:
    talk = finished(2)
    talk.see(seen(sign, "more"), 3)
    assert talk.verdict(100) is None
    talk.see(seen(Sign.TURN_ENDED, "Now."), 10)
    assert talk.verdict(11) is None
    assert talk.verdict(12) is Verdict.DONE
    assert talk.last_message == "Now."


def test_a_refused_turn_fails_with_what_was_said() -> None:
    talk = at_work()
    talk.see(Observation(Sign.TURN_FAILED, Source.HOOK, "no", error="rate_limit"), 2)
    assert talk.verdict(4) is Verdict.FAILED
    assert talk.failure is not None
    assert talk.failure.error == "rate_limit"


def test_a_person_who_goes_on_after_an_error_mends_the_turn() -> None:
    talk = at_work()
    talk.see(Observation(Sign.TURN_FAILED, Source.HOOK, "no", error="server_error"), 2)
    talk.see(seen(Sign.PROMPT, "try again"), 3)
    talk.see(seen(Sign.TURN_ENDED, "ok"), 4)
    assert talk.verdict(6) is Verdict.DONE


def test_work_in_the_background_is_work() -> None:
    talk = at_work()
    talk.see(seen(Sign.BACKGROUND, "in the background: make"), 2)
    assert state(talk) == (WorkerState.WORKING, "in the background: make")
    assert talk.verdict(100) is None


def test_a_dialog_waits_and_its_answer_goes_on() -> None:
    talk = at_work()
    talk.see(seen(Sign.WAITING, "permission: Bash(make)"), 2)
    assert state(talk) == (WorkerState.WAITING, "permission: Bash(make)")
    talk.see(seen(Sign.WORKING), 3)
    assert state(talk) == (WorkerState.WORKING, "")


def test_a_draft_keeps_a_finished_session_open_until_it_is_gone() -> None:
    talk = finished(2)
    talk.see_screen(Screen(ready=True, draft="wait"), 3)
    assert talk.view.state is WorkerState.WAITING
    assert talk.verdict(100) is None
    talk.see_screen(IDLE, 50)
    assert talk.verdict(50 + SETTLE_S - 0.1) is None
    assert talk.verdict(50 + SETTLE_S) is Verdict.DONE


def test_a_dialog_after_the_turn_keeps_the_session_open() -> None:
    talk = finished(2)
    talk.see_screen(Screen(waiting="usage limit"), 3)
    assert state(talk) == (WorkerState.WAITING, "usage limit")
    assert talk.verdict(100) is None


def test_before_the_first_hook_the_screen_is_the_only_witness() -> None:
    talk = conversation()
    talk.see_screen(Screen(waiting="trust this folder"), 1)
    assert state(talk) == (WorkerState.WAITING, "trust this folder")
    assert talk.view.source is Source.SCREEN
    talk.see_screen(Screen(), 2)
    assert talk.view.state is WorkerState.STARTING


def test_a_turn_that_ended_without_a_hook_is_seen_at_the_second_look() -> None:
    talk = at_work()
    talk.see_screen(IDLE, 3)
    assert talk.view.state is WorkerState.WORKING
    talk.see_screen(BUSY, 4)
    talk.see_screen(IDLE, 5)
    assert talk.view.state is WorkerState.WORKING
    talk.see_screen(IDLE, 6)
    assert state(talk) == (WorkerState.WAITING, INTERRUPTED)
    assert talk.verdict(100) is None


def test_a_dialog_answered_by_key_is_work_as_soon_as_the_screen_says_so() -> None:
    talk = at_work()
    talk.see(seen(Sign.WAITING, "permission: Bash(make)"), 2)
    talk.see_screen(BUSY, 3)
    assert state(talk) == (WorkerState.WORKING, "")


@given(
    st.lists(
        st.tuples(
            st.sampled_from([sign for sign in Sign if sign is not Sign.FIGURES]),
            st.sampled_from(["Fix it", "other", ""]),
        )
        | st.sampled_from(
            [IDLE, BUSY, Screen(), Screen(waiting="x"), Screen(ready=True, draft="d")]
        )
    )
)
def test_it_is_never_done_before_our_prompt_was_taken_and_a_turn_ended(
    events: list[tuple[Sign, str] | Screen],
) -> None:
    talk, now, taken, turn_ended = conversation(), 0.0, False, False
    for event in events:
        now += 1
        if isinstance(event, Screen):
            talk.see_screen(event, now)
            continue
        talk.see(seen(*event), now)
        taken = taken or event == (Sign.PROMPT, "Fix it")
        turn_ended = turn_ended or event[0] in (Sign.TURN_ENDED, Sign.TURN_FAILED)
    if talk.verdict(now + 100) is not None:
        assert taken
        assert turn_ended
