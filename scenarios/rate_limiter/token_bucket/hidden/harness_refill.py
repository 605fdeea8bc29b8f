from harness_fakes import FakeClock
from rate_limiter import TokenBucket


def bucket(rate, burst):
    clock = FakeClock()
    return clock, TokenBucket(rate, burst, clock=clock, sleep=clock.sleep)


def test_one_token_comes_back_after_one_over_rate_seconds():
    clock, limiter = bucket(4, 2)
    assert limiter.try_acquire(2)
    clock.now += 0.125
    assert not limiter.try_acquire(), "half a token was taken for a whole one"
    clock.now += 0.125
    assert limiter.try_acquire(), "a token was missing after 1/rate seconds"
    assert not limiter.try_acquire(), "more than one token came back in 1/rate seconds"


def test_fractions_are_kept_between_calls():
    clock, limiter = bucket(1, 10)
    assert limiter.try_acquire(10)
    for _ in range(8):
        clock.now += 0.25
        limiter.try_acquire(10)
    assert limiter.try_acquire(2), "eight quarters of a second at rate 1 are two tokens"
    assert not limiter.try_acquire(), "eight quarters of a second at rate 1 are only two tokens"


def test_a_rate_below_one_works():
    clock, limiter = bucket(0.5, 1)
    assert limiter.try_acquire()
    clock.now += 1
    assert not limiter.try_acquire()
    clock.now += 1
    assert limiter.try_acquire()
