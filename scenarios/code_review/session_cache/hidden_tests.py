"""Run against the final session_cache.py; test_<defect> fails as long as that defect is there."""

import random

from session_cache import SessionCache


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Name(str):
    """A user name that counts how often it is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Name.compared += 1
        return str.__eq__(self, other)


def test_guessable_token():
    tokens = []
    for _ in range(2):
        random.seed(20)
        tokens.append(SessionCache(clock=Clock()).open("ann"))

    assert tokens[0] != tokens[1], "tokens repeat when the random generator does"
    assert min(map(len, tokens)) >= 22, "tokens are too short to be safe"


def test_shared_roles():
    cache = SessionCache(clock=Clock())
    mine = ["admin"]

    first = cache.get(cache.open("ann", mine))
    cache.open("bob")
    last = cache.get(cache.open("cyd"))

    assert sorted(first["roles"]) == ["admin", "member"], "given roles are not kept"
    assert list(last["roles"]) == ["member"], "roles leak from one session into the next"
    assert mine == ["admin"], "the caller's list was changed"


def test_no_expiry():
    clock = Clock()
    cache = SessionCache(lifetime_seconds=60, clock=clock)
    token = cache.open("ann")

    clock.now += 59
    assert cache.get(token) is not None, "a session ends too early"
    clock.now += 1
    assert cache.get(token) is None, "a session that is over is still given out"


def test_unbounded_growth():
    clock = Clock()
    cache = SessionCache(max_sessions=3, clock=clock)
    tokens = []
    for number in range(5):
        tokens.append(cache.open(f"user{number}"))
        clock.now += 1

    assert len(cache) == 3, "there are more sessions than max_sessions"
    kept = [cache.get(token) is not None for token in tokens]
    assert kept == [False, False, True, True, True], "it is not the first session that makes room"


def test_purge_breaks():
    clock = Clock()
    cache = SessionCache(lifetime_seconds=60, clock=clock)
    cache.open("ann")
    cache.open("bob")
    clock.now += 30
    late = cache.open("cyd")
    clock.now += 30

    try:
        removed = cache.purge()
    except RuntimeError:
        raise AssertionError("purge changes the dict while it walks over it") from None
    assert removed == 2, f"purge reports {removed} of 2 sessions"
    assert len(cache) == 1, "the wrong number of sessions is left"
    assert cache.get(late)["user"] == "cyd", "a live session was removed"


def test_slow_users():
    cache = SessionCache(clock=Clock())
    for number in range(150):
        cache.open(Name(f"user{number}"))
    Name.compared = 0

    cache.users()

    assert Name.compared <= 5 * 150, "comparisons grow with the square of the users"


def test_still_lists_users():
    cache = SessionCache(clock=Clock())
    for user in ("zoe", "ann", "zoe", "bob", "ann"):
        cache.open(user)

    assert list(cache.users()) == ["zoe", "ann", "bob"], "users are not in the order they came"


def test_still_closes():
    cache = SessionCache(clock=Clock())
    token = cache.open("ann")

    cache.close(token)
    cache.close("never opened")

    assert cache.get(token) is None, "a closed session is still there"
    assert cache.get("never opened") is None, "an unknown token has a session"


def test_still_keeps_defaults():
    cache = SessionCache()

    assert (cache.lifetime_seconds, cache.max_sessions) == (1800, 10_000), "defaults changed"
    assert cache.get(cache.open("ann"))["user"] == "ann", "a new session cannot be read"
