import sys
import time

from harness_fakes import FakeClock, HesitantKey, at_once, require_exactly
from rate_limiter import KeyedLimiter

sys.setswitchinterval(0.0001)


def test_sixteen_threads_of_a_new_client_get_exactly_one_burst():
    limiter = KeyedLimiter(0.001, 5, clock=FakeClock(), sleep=time.sleep)
    client = HesitantKey("new")
    granted = sum(at_once(lambda: limiter.try_acquire(client)))
    require_exactly(5, granted, "requests passed with a burst of 5")


def test_sixteen_threads_of_a_known_client_share_what_is_left():
    def clock():
        time.sleep(0.0002)
        return 5.0

    limiter = KeyedLimiter(1, 20, clock=clock, sleep=time.sleep)
    client = HesitantKey("known")
    limiter.try_acquire(client)
    granted = sum(at_once(lambda: sum(limiter.try_acquire(client) for _ in range(3))))
    require_exactly(19, granted, "requests passed with 19 tokens left")


def test_sixteen_clients_at_once_do_not_get_in_each_others_way():
    limiter = KeyedLimiter(1, 2, clock=FakeClock(), sleep=time.sleep)
    names = [f"client {number}" for number in range(16)]
    granted = sum(at_once(lambda: sum(limiter.try_acquire(name) for name in names)))
    require_exactly(32, granted, "requests of 16 clients with a burst of 2 each passed")


def test_waiting_threads_keep_to_the_rate():
    clock = FakeClock()
    limiter = KeyedLimiter(10, 4, clock=clock, sleep=clock.sleep)
    assert all(at_once(lambda: limiter.acquire("a")))
    passed = clock.now - 1000.0
    assert 4 + 10 * passed + 0.01 >= 16, "16 requests came too early for rate 10 and burst 4"
