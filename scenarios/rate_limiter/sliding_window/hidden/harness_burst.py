from harness_fakes import FakeClock
from rate_limiter import SlidingWindowLimiter


def raises_value_error(work):
    try:
        work()
    except ValueError:
        return True
    return False


def test_the_limit_may_be_used_up_in_one_instant():
    clock = FakeClock()
    limiter = SlidingWindowLimiter(5, 60, clock=clock, sleep=clock.sleep)
    assert [limiter.try_acquire() for _ in range(7)] == [True] * 5 + [False] * 2


def test_a_long_rest_saves_nothing_up():
    clock = FakeClock()
    limiter = SlidingWindowLimiter(2, 1, clock=clock, sleep=clock.sleep)
    assert limiter.try_acquire()
    clock.now += 86400
    assert [limiter.try_acquire() for _ in range(3)] == [True, True, False]


def test_a_limit_of_zero_or_no_window_is_an_error():
    assert raises_value_error(lambda: SlidingWindowLimiter(0, 1)), "a limit of 0"
    assert raises_value_error(lambda: SlidingWindowLimiter(1, 0)), "a window of 0 seconds"
