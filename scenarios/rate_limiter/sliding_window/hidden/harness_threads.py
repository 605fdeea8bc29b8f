import sys
import time

from harness_fakes import FakeClock, HesitantInt, at_once, require_exactly
from rate_limiter import SlidingWindowLimiter

sys.setswitchinterval(0.0001)


def test_sixteen_threads_get_exactly_the_limit_while_time_stands_still():
    def clock():
        time.sleep(0.0002)
        return 5.0

    limiter = SlidingWindowLimiter(20, 10, clock=clock, sleep=time.sleep)
    passed = sum(at_once(lambda: sum(limiter.try_acquire() for _ in range(3))))
    require_exactly(20, passed, "calls passed with a limit of 20")


def test_no_slot_is_used_twice_between_looking_and_taking():
    limiter = SlidingWindowLimiter(HesitantInt(5), 10, clock=FakeClock(), sleep=time.sleep)
    passed = sum(at_once(limiter.try_acquire))
    require_exactly(5, passed, "calls passed with a limit of 5")


def test_waiting_threads_keep_to_the_limit():
    clock = FakeClock()
    limiter = SlidingWindowLimiter(4, 2, clock=clock, sleep=clock.sleep)
    assert all(at_once(limiter.acquire))
    elapsed = clock.now - 1000.0
    assert elapsed >= 5.99, "16 calls came too early for 4 per 2 seconds"


def test_hammering_in_real_time_stays_within_the_limit():
    limiter = SlidingWindowLimiter(30, 60)
    passed = sum(at_once(lambda: sum(limiter.try_acquire() for _ in range(60))))
    require_exactly(30, passed, "calls passed with a limit of 30")
