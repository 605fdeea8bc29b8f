from harness_fakes import FakeClock
from rate_limiter import TokenBucket


def bucket(rate, burst):
    clock = FakeClock()
    return clock, TokenBucket(rate, burst, clock=clock, sleep=clock.sleep)


def raises_value_error(work):
    try:
        work()
    except ValueError:
        return True
    return False


def test_starts_full_and_gives_out_exactly_the_burst():
    _, limiter = bucket(1, 5)
    assert [limiter.try_acquire() for _ in range(6)] == [True] * 5 + [False]


def test_a_long_rest_saves_up_no_more_than_the_burst():
    clock, limiter = bucket(10, 3)
    assert limiter.try_acquire(3)
    clock.now += 86400
    assert [limiter.try_acquire() for _ in range(4)] == [True, True, True, False]


def test_a_refused_request_takes_nothing():
    _, limiter = bucket(1, 5)
    assert limiter.try_acquire(3)
    assert not limiter.try_acquire(3)
    assert limiter.try_acquire(2)


def test_a_request_above_the_burst_is_an_error():
    _, limiter = bucket(1, 5)
    assert raises_value_error(lambda: limiter.try_acquire(6)), "try_acquire(6) of a burst of 5"
    assert raises_value_error(lambda: limiter.acquire(6, timeout=1)), "acquire(6) of a burst of 5"


def test_a_rate_or_burst_of_zero_is_an_error():
    assert raises_value_error(lambda: TokenBucket(0, 5))
    assert raises_value_error(lambda: TokenBucket(1, 0))
