from harness_fakes import FakeClock
from rate_limiter import KeyedLimiter


def limiter_of(rate, burst):
    clock = FakeClock()
    return clock, KeyedLimiter(rate, burst, clock=clock, sleep=clock.sleep)


def raises_value_error(work):
    try:
        work()
    except ValueError:
        return True
    return False


def test_every_client_has_a_burst_of_its_own():
    _, limiter = limiter_of(1, 3)
    for client in ("a", "b", "c"):
        assert [limiter.try_acquire(client) for _ in range(4)] == [True, True, True, False], client


def test_a_long_rest_saves_up_no_more_than_the_burst():
    clock, limiter = limiter_of(10, 2)
    assert limiter.try_acquire("a")
    clock.now += 86400
    assert [limiter.try_acquire("a") for _ in range(3)] == [True, True, False]


def test_clients_may_be_anything_hashable():
    _, limiter = limiter_of(1, 1)
    assert limiter.try_acquire(("10.0.0.1", 80))
    assert limiter.try_acquire(None)
    assert not limiter.try_acquire(("10.0.0.1", 80))


def test_a_rate_of_zero_or_no_burst_is_an_error():
    assert raises_value_error(lambda: KeyedLimiter(0, 5))
    assert raises_value_error(lambda: KeyedLimiter(1, 0))
