from harness_fakes import FakeClock
from rate_limiter import KeyedLimiter


def limiter_of(rate, burst):
    clock = FakeClock()
    return clock, KeyedLimiter(rate, burst, clock=clock, sleep=clock.sleep)


def test_one_token_comes_back_after_one_over_rate_seconds():
    clock, limiter = limiter_of(4, 2)
    assert [limiter.try_acquire("a") for _ in range(3)] == [True, True, False]
    clock.now += 0.125
    assert not limiter.try_acquire("a"), "half a token was taken for a whole one"
    clock.now += 0.125
    assert limiter.try_acquire("a"), "a token was missing after 1/rate seconds"
    assert not limiter.try_acquire("a"), "more than one token came back in 1/rate seconds"


def test_fractions_are_kept_between_calls():
    clock, limiter = limiter_of(1, 1)
    assert limiter.try_acquire("a")
    for _ in range(3):
        clock.now += 0.25
        assert not limiter.try_acquire("a")
    clock.now += 0.25
    assert limiter.try_acquire("a"), "four quarters of a second at rate 1 are a token"


def test_a_client_with_a_full_bucket_is_forgotten():
    clock, limiter = limiter_of(1, 2)
    for number in range(50):
        limiter.try_acquire(number)
    assert len(limiter) == 50
    clock.now += 1
    limiter.try_acquire("late")
    assert len(limiter) == 1, f"{len(limiter)} clients are remembered, not only the last one"


def test_a_client_that_owes_tokens_is_remembered():
    clock, limiter = limiter_of(0.125, 4)
    assert [limiter.try_acquire("a") for _ in range(4)] == [True] * 4
    clock.now += 16
    limiter.try_acquire("b")
    assert [limiter.try_acquire("a") for _ in range(3)] == [True, True, False], "2 tokens were due"
