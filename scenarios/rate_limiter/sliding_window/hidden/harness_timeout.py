import threading

from harness_fakes import FakeClock, returns_soon
from rate_limiter import SlidingWindowLimiter


def used_up(limit, window_seconds):
    clock = FakeClock()
    limiter = SlidingWindowLimiter(limit, window_seconds, clock=clock, sleep=clock.sleep)
    for _ in range(limit):
        assert limiter.try_acquire()
    return clock, limiter


def test_acquire_waits_as_long_as_it_must_and_not_longer():
    clock, limiter = used_up(2, 4)
    clock.now += 1
    assert limiter.acquire() is True
    assert 2.99 <= clock.slept <= 3.1, f"slept {clock.slept} seconds instead of 3"


def test_acquire_does_not_sleep_when_a_slot_is_free():
    clock = FakeClock()
    limiter = SlidingWindowLimiter(1, 4, clock=clock, sleep=clock.sleep)
    assert limiter.acquire(timeout=0) is True
    assert clock.slept == 0


def test_acquire_gives_up_and_never_sleeps_past_the_timeout():
    clock, limiter = used_up(1, 4)
    assert limiter.acquire(timeout=1) is False, "a slot that is free in 4 seconds came within 1"
    assert clock.slept <= 1.0, f"slept {clock.slept} seconds with a timeout of 1"


def test_giving_up_uses_up_nothing():
    clock, limiter = used_up(1, 4)
    assert not limiter.acquire(timeout=1)
    clock.now = 1004.0
    assert limiter.try_acquire()


def test_a_timeout_that_is_long_enough_succeeds():
    _, limiter = used_up(1, 4)
    assert limiter.acquire(timeout=4.5) is True


def test_a_waiting_caller_does_not_stop_the_others():
    asleep = threading.Event()
    woken = threading.Event()
    clock = FakeClock()

    def sleep(seconds):
        asleep.set()
        woken.wait(2)
        clock.sleep(seconds)

    limiter = SlidingWindowLimiter(1, 4, clock=clock, sleep=sleep)
    limiter.try_acquire()
    threading.Thread(target=limiter.acquire, daemon=True).start()
    assert asleep.wait(1), "acquire without a free slot did not call sleep"
    soon = returns_soon(limiter.try_acquire)
    woken.set()
    assert soon, "try_acquire had to wait for another caller's sleep"
