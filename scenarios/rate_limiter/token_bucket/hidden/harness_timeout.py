import threading

from harness_fakes import FakeClock, returns_soon
from rate_limiter import TokenBucket


def emptied(rate, burst):
    clock = FakeClock()
    limiter = TokenBucket(rate, burst, clock=clock, sleep=clock.sleep)
    assert limiter.try_acquire(burst)
    return clock, limiter


def test_acquire_waits_as_long_as_it_must_and_not_longer():
    clock, limiter = emptied(2, 4)
    assert limiter.acquire(3) is True
    assert 1.49 <= clock.slept <= 1.6, f"slept {clock.slept} seconds for 3 tokens at rate 2"


def test_acquire_does_not_sleep_when_there_are_tokens():
    clock = FakeClock()
    assert TokenBucket(1, 2, clock=clock, sleep=clock.sleep).acquire(2, timeout=0) is True
    assert clock.slept == 0


def test_acquire_gives_up_and_never_sleeps_past_the_timeout():
    clock, limiter = emptied(1, 4)
    assert limiter.acquire(3, timeout=1) is False, "three seconds' worth within one second"
    assert clock.slept <= 1.0, f"slept {clock.slept} seconds with a timeout of 1"


def test_giving_up_takes_nothing():
    clock, limiter = emptied(1, 4)
    assert not limiter.acquire(3, timeout=1)
    clock.now = 1002.0
    assert limiter.try_acquire(2)


def test_a_timeout_that_is_long_enough_succeeds():
    _, limiter = emptied(1, 4)
    assert limiter.acquire(2, timeout=2.5) is True


def test_a_waiting_caller_does_not_stop_the_others():
    asleep = threading.Event()
    woken = threading.Event()
    clock = FakeClock()

    def sleep(seconds):
        asleep.set()
        woken.wait(2)
        clock.sleep(seconds)

    limiter = TokenBucket(1, 1, clock=clock, sleep=sleep)
    limiter.try_acquire()
    threading.Thread(target=limiter.acquire, daemon=True).start()
    assert asleep.wait(1), "acquire on an empty bucket did not call sleep"
    soon = returns_soon(limiter.try_acquire)
    woken.set()
    assert soon, "try_acquire had to wait for another caller's sleep"
