from harness_fakes import FakeClock
from rate_limiter import SlidingWindowLimiter


def limiter_of(limit, window_seconds, now=1000.0):
    clock = FakeClock(now)
    return clock, SlidingWindowLimiter(limit, window_seconds, clock=clock, sleep=clock.sleep)


def test_a_slot_is_free_again_exactly_one_window_later():
    clock, limiter = limiter_of(2, 8)
    assert limiter.try_acquire()
    clock.now = 1004.0
    assert limiter.try_acquire()
    clock.now = 1007.75
    assert not limiter.try_acquire(), "the first call is not a window old yet"
    clock.now = 1008.0
    assert limiter.try_acquire(), "a call exactly one window old still counted"
    assert not limiter.try_acquire(), "only one of the two slots is free"


def test_the_window_slides_and_has_no_fixed_edges():
    for shift in range(8):
        clock, limiter = limiter_of(3, 8, now=1000.0 + shift)
        assert [limiter.try_acquire() for _ in range(3)] == [True] * 3
        clock.now += 7.5
        assert not limiter.try_acquire(), f"a fourth call within 8 seconds, begun at {1000 + shift}"


def test_refused_calls_use_up_nothing():
    clock, limiter = limiter_of(1, 8)
    assert limiter.try_acquire()
    for _ in range(7):
        clock.now += 1
        assert not limiter.try_acquire()
    clock.now += 1
    assert limiter.try_acquire(), "refused calls kept the slot taken"
