"""Which workers are silent."""

from ccpar_hybrid.supervisor.pulse import Beat, Pulse

LATER: Beat = (1, 2)
FIRST: Beat = (1, 1)


def looked(pulse: Pulse, beat: Beat, times_s: list[float]) -> list[float]:
    """The times at which the worker with this one beat was silent."""
    return [now_s for now_s in times_s if pulse.silent({"w1": beat}, now_s)]


def test_a_worker_is_silent_when_its_beat_has_not_changed_for_so_long() -> None:
    times_s = [100.0 + 5 * number for number in range(9)]
    assert looked(Pulse(30.0), FIRST, times_s) == [130.0, 135.0, 140.0]


def test_each_beat_and_each_new_process_begins_the_time_anew() -> None:
    pulse = Pulse(10.0)
    assert looked(pulse, FIRST, [0.0, 4.0, 8.0]) == []
    assert looked(pulse, LATER, [12.0, 16.0, 20.0]) == []
    assert pulse.silent({"w1": (2, 2)}, 24.0) == []
    assert looked(pulse, (2, 2), [28.0, 32.0, 36.0]) == [36.0]


def test_after_a_gap_between_looks_every_worker_gets_the_whole_time() -> None:
    pulse = Pulse(30.0)
    beats = {"w1": FIRST, "w2": FIRST}
    assert pulse.silent(beats, 10.0) == []
    assert pulse.silent(beats, 20.0) == []
    assert pulse.silent(beats, 3620.0) == []
    assert pulse.silent(beats, 3632.0) == []
    assert pulse.silent({"w1": FIRST, "w2": LATER}, 3640.0) == []
    assert pulse.silent({"w1": FIRST, "w2": LATER}, 3650.0) == ["w1"]


def test_a_worker_that_is_new_is_not_silent_at_once() -> None:
    pulse = Pulse(10.0)
    pulse.silent({}, 0.0)
    pulse.silent({}, 4.0)
    assert pulse.silent({"w1": FIRST}, 8.0) == []


def test_a_clock_that_is_set_back_is_only_a_change() -> None:
    pulse = Pulse(10.0)
    assert looked(pulse, (1, 10**18), [0.0, 4.0]) == []
    assert looked(pulse, (1, 5), [8.0, 12.0, 16.0]) == []
