import sys
import time

from harness_fakes import FakeClock, HesitantFloat, at_once, require_exactly
from rate_limiter import TokenBucket

sys.setswitchinterval(0.0001)


def test_sixteen_threads_get_exactly_the_burst_while_time_stands_still():
    def clock():
        time.sleep(0.0002)
        return 5.0

    limiter = TokenBucket(1, 20, clock=clock, sleep=time.sleep)
    granted = sum(at_once(lambda: sum(limiter.try_acquire() for _ in range(3))))
    require_exactly(20, granted, "tokens were handed out of a bucket of 20")


def test_no_token_is_given_twice_between_looking_and_taking():
    limiter = TokenBucket(1, 5, clock=FakeClock(), sleep=time.sleep)
    one = HesitantFloat(1)
    granted = sum(at_once(lambda: limiter.try_acquire(one)))
    require_exactly(5, granted, "tokens were handed out of a bucket of 5")


def test_waiting_threads_keep_to_the_rate():
    clock = FakeClock()
    limiter = TokenBucket(10, 4, clock=clock, sleep=clock.sleep)
    assert all(at_once(limiter.acquire))
    passed = clock.now - 1000.0
    assert 4 + 10 * passed + 0.01 >= 16, "16 tokens came too early for rate 10 and burst 4"


def test_hammering_in_real_time_stays_within_the_budget():
    began = time.monotonic()
    limiter = TokenBucket(200, 10)
    granted = sum(at_once(lambda: sum(limiter.try_acquire() for _ in range(60))))
    assert granted >= 10, "fewer than 10 tokens were handed out of a burst of 10"
    budget = 10 + 200 * (time.monotonic() - began)
    assert granted <= budget, "more tokens were handed out than burst and rate allow"
