import threading

from harness_fakes import FakeClock, returns_soon
from rate_limiter import KeyedLimiter


def used_up(rate, burst):
    clock = FakeClock()
    limiter = KeyedLimiter(rate, burst, clock=clock, sleep=clock.sleep)
    for _ in range(burst):
        assert limiter.try_acquire("a")
    return clock, limiter


def test_acquire_waits_as_long_as_it_must_and_not_longer():
    clock, limiter = used_up(2, 1)
    assert limiter.acquire("a") is True
    assert 0.49 <= clock.slept <= 0.6, f"slept {clock.slept} seconds instead of 0.5"


def test_acquire_does_not_sleep_when_there_is_a_token():
    clock, limiter = used_up(2, 1)
    assert limiter.acquire("b", timeout=0) is True
    assert clock.slept == 0


def test_acquire_gives_up_and_never_sleeps_past_the_timeout():
    clock, limiter = used_up(0.25, 1)
    assert limiter.acquire("a", timeout=1) is False, "a token that is there in 4 s came within 1"
    assert clock.slept <= 1.0, f"slept {clock.slept} seconds with a timeout of 1"


def test_giving_up_takes_nothing():
    clock, limiter = used_up(0.25, 1)
    assert not limiter.acquire("a", timeout=1)
    clock.now = 1004.0
    assert limiter.try_acquire("a")


def test_a_timeout_that_is_long_enough_succeeds():
    _, limiter = used_up(0.25, 1)
    assert limiter.acquire("a", timeout=4.5) is True


def test_a_waiting_client_does_not_stop_the_others():
    asleep = threading.Event()
    woken = threading.Event()
    clock = FakeClock()

    def sleep(seconds):
        asleep.set()
        woken.wait(2)
        clock.sleep(seconds)

    limiter = KeyedLimiter(1, 1, clock=clock, sleep=sleep)
    limiter.try_acquire("a")
    threading.Thread(target=limiter.acquire, args=("a",), daemon=True).start()
    assert asleep.wait(1), "acquire without a token did not call sleep"
    soon = returns_soon(lambda: limiter.try_acquire("b"))
    woken.set()
    assert soon, "a client had to wait for another client's sleep"
