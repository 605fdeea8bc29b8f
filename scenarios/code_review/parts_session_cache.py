"""Written parts for the scenario session_cache."""

from __future__ import annotations

from harness.suites import sibling

parts = sibling(__file__, "parts")
Change, Defect, Mistake, Parts = parts.Change, parts.Defect, parts.Mistake, parts.Parts

RANDOM = "import random\n"
TOKEN = '        token = "".join(random.choice(LETTERS) for _ in range(32))\n'
TOKEN_CHOICE = '        token = "".join(secrets.choice(LETTERS) for _ in range(32))\n'
TOKEN_URLSAFE = "        token = secrets.token_urlsafe(32)\n"
TOKEN_HASHED = """\
        seed = f"{user}:{random.random()}"
        token = hashlib.sha256(seed.encode()).hexdigest()
"""
LETTERS = "import string\nimport time\n\nLETTERS = string.ascii_letters + string.digits\n"

token = Defect(
    name="guessable_token",
    kind="security",
    where="open",
    severity="high",
    subtlety=0.1,
    planted=TOKEN,
    findings=(
        "tokens come from random, which is predictable; use the secrets module",
        "random.choice is not made for secrets: after a few tokens the next can be computed",
        "the token is guessable because the generator is not a cryptographic one",
    ),
    fixes=(
        Change(
            "open draws the token from secrets",
            ((TOKEN, TOKEN_CHOICE), (RANDOM, "import secrets\n")),
        ),
        Change(
            "open uses secrets.token_urlsafe",
            ((TOKEN, TOKEN_URLSAFE), (RANDOM, "import secrets\n"), (LETTERS, "import time\n")),
        ),
    ),
    half_fix=Change(
        "open hashes user and random number into the token",
        ((TOKEN, TOKEN_HASHED), (RANDOM, "import hashlib\nimport random\n")),
    ),
    half_findings=(
        "a hash over random.random() is as predictable as the number in it; use secrets",
    ),
    probe="""\
tokens = {SessionCache().open("ann") for _ in range(50)}
assert len(tokens) == 50 and min(map(len, tokens)) >= 22
""",
)

ROLES_LINE = "    def open(self, user, roles=[]):\n"
ROLES_APPEND = '        roles.append("member")\n'

roles = Defect(
    name="shared_roles",
    kind="correctness",
    where="open",
    severity="high",
    subtlety=0.15,
    planted=ROLES_LINE,
    findings=(
        "mutable default: the list of roles is shared by all sessions, roles pile up in it",
        "roles=[] is created once; append changes it for every later call",
        "append changes the caller's list and the shared default argument",
    ),
    fixes=(
        Change(
            "open takes a tuple as default and builds a new list",
            (
                (ROLES_LINE, "    def open(self, user, roles=()):\n"),
                (ROLES_APPEND, '        roles = [*roles, "member"]\n'),
            ),
        ),
        Change(
            "open copies the roles it is given",
            (
                (ROLES_LINE, "    def open(self, user, roles=None):\n"),
                (ROLES_APPEND, '        roles = list(roles or ()) + ["member"]\n'),
            ),
        ),
    ),
    half_fix=Change(
        "open has no shared default any more",
        (
            (ROLES_LINE, "    def open(self, user, roles=None):\n"),
            (ROLES_APPEND, '        roles = roles or []\n        roles.append("member")\n'),
        ),
    ),
    half_findings=("append still changes the caller's list when roles are given; copy it",),
    probe="""\
cache = SessionCache()
cache.open("ann")
assert list(cache.get(cache.open("bob"))["roles"]) == ["member"]
""",
)

GET = "        return self._sessions.get(token)\n"
GET_CHECKED = """\
        session = self._sessions.get(token)
        if session is None or self._clock() - session["opened"] >= self.lifetime_seconds:
            return None
        return session
"""
GET_REMOVING = """\
        session = self._sessions.get(token)
        if session and self._clock() >= session["opened"] + self.lifetime_seconds:
            del self._sessions[token]
            return None
        return session
"""
GET_MINUTES = GET_CHECKED.replace("self.lifetime_seconds:", "self.lifetime_seconds * 60:")

expiry = Defect(
    name="no_expiry",
    kind="security",
    where="get",
    severity="high",
    subtlety=0.3,
    planted=GET,
    findings=(
        "a session that is over is still given out; the lifetime is never checked here",
        "expired sessions stay valid until somebody calls purge",
        "get ignores lifetime_seconds, so a stolen token works for ever",
    ),
    fixes=(
        Change("get returns None once the lifetime is over", ((GET, GET_CHECKED),)),
        Change("get removes a session whose time is over", ((GET, GET_REMOVING),)),
    ),
    half_fix=Change("get checks the age of the session", ((GET, GET_MINUTES),)),
    half_findings=(
        "the age is compared with lifetime_seconds * 60, so sessions expire an hour late",
    ),
    probe="""\
now = [0]
cache = SessionCache(lifetime_seconds=60, clock=lambda: now[0])
token = cache.open("ann")
now[0] = 60
assert cache.get(token) is None
""",
)

STORE = "        self._sessions[token] = {"
STORE_ROOM = (
    """\
        while len(self._sessions) >= self.max_sessions:
            del self._sessions[next(iter(self._sessions))]
"""
    + STORE
)
STORE_OLDEST = (
    """\
        if len(self._sessions) >= self.max_sessions:
            oldest = min(self._sessions, key=lambda key: self._sessions[key]["opened"])
            del self._sessions[oldest]
"""
    + STORE
)
STORE_LATE = STORE_ROOM.replace(">=", ">")

growth = Defect(
    name="unbounded_growth",
    kind="performance",
    where="open",
    severity="medium",
    subtlety=0.3,
    planted=STORE,
    findings=(
        "max_sessions is never enforced, so memory grows without bound",
        "nothing makes room for a new session: the cache grows until the process dies",
        "the limit of max_sessions from the docstring is ignored when a session is stored",
    ),
    fixes=(
        Change("open makes room before it stores a session", ((STORE, STORE_ROOM),)),
        Change("open drops the oldest session when the cache is full", ((STORE, STORE_OLDEST),)),
    ),
    half_fix=Change("open drops sessions above the limit", ((STORE, STORE_LATE),)),
    half_findings=(
        "the comparison with max_sessions is off by one, there is always one session too many",
    ),
    probe="""\
cache = SessionCache(max_sessions=2)
for user in ("ann", "bob", "cyd"):
    cache.open(user)
assert len(cache) == 2 and cache.users() == ["bob", "cyd"]
""",
)

NAMES = """\
        names = []
        for session in self._sessions.values():
            if session["user"] not in names:
                names.append(session["user"])
        return names
"""
NAMES_DICT = """\
        return list(dict.fromkeys(session["user"] for session in self._sessions.values()))
"""
NAMES_SEEN = """\
        names, seen = [], set()
        for session in self._sessions.values():
            if session["user"] not in seen:
                seen.add(session["user"])
                names.append(session["user"])
        return names
"""
NAMES_SORTED = """\
        return sorted({session["user"] for session in self._sessions.values()})
"""

names = Defect(
    name="slow_users",
    kind="performance",
    where="users",
    severity="low",
    subtlety=0.45,
    planted=NAMES,
    findings=(
        "quadratic: every name is searched in a list of all names; use a set or a dict",
        "not in names scans a growing list, O(n^2) with thousands of sessions",
        "the list look-up makes this slow for many sessions; dict.fromkeys keeps the order",
    ),
    fixes=(
        Change("users removes repeats with dict.fromkeys", ((NAMES, NAMES_DICT),)),
        Change("users remembers names in a set", ((NAMES, NAMES_SEEN),)),
    ),
    half_fix=Change("users sorts a set of names", ((NAMES, NAMES_SORTED),)),
    half_findings=(
        "the set is fast but sorting loses the order in which users came, which the docstring "
        "promises; use dict.fromkeys",
    ),
    probe="""\
cache = SessionCache()
for user in ("zoe", "ann", "zoe"):
    cache.open(user)
assert cache.users() == ["zoe", "ann"]
""",
)

PURGE_LOOP = "        for token, session in self._sessions.items():\n"
PURGE_IF = '            if self._clock() - session["opened"] >= self.lifetime_seconds:\n'
PURGE = PURGE_LOOP + PURGE_IF + "                del self._sessions[token]\n"
PURGE_COPY = PURGE.replace("self._sessions.items()", "list(self._sessions.items())")
PURGE_DICT = """\
        self._sessions = {
            token: session
            for token, session in self._sessions.items()
            if self._clock() - session["opened"] < self.lifetime_seconds
        }
"""
PURGE_CAUGHT = """\
        try:
            for token, session in self._sessions.items():
                if self._clock() - session["opened"] >= self.lifetime_seconds:
                    del self._sessions[token]
        except RuntimeError:
            pass
"""

purge = Defect(
    name="purge_breaks",
    kind="correctness",
    where="purge",
    severity="high",
    subtlety=0.25,
    planted=PURGE,
    findings=(
        "deleting from the dict while iterating over it raises RuntimeError",
        "the dict changes size during iteration; walk over a copy",
        "the loop removes entries from what it iterates over and stops with an exception",
    ),
    fixes=(
        Change("purge walks over a copy", ((PURGE, PURGE_COPY),)),
        Change("purge builds a new dict of live sessions", ((PURGE, PURGE_DICT),)),
    ),
    half_fix=Change("purge no longer fails when the dict changes", ((PURGE, PURGE_CAUGHT),)),
    half_findings=(
        "catching the RuntimeError ends the loop after the first removal; iterate over a copy",
    ),
    probe="""\
now = [0]
cache = SessionCache(lifetime_seconds=60, clock=lambda: now[0])
cache.open("ann")
cache.open("bob")
now[0] = 60
assert cache.purge() == 2 and len(cache) == 0
""",
)

mistakes = (
    Mistake(
        where="close",
        severity="medium",
        what="pop with a default hides errors; an unknown token has to raise KeyError",
        refusal="the docstring of close says that an unknown token is no error",
        change=Change(
            "close raises KeyError for an unknown token",
            (("self._sessions.pop(token, None)", "del self._sessions[token]"),),
        ),
    ),
    Mistake(
        where="__init__",
        severity="medium",
        what="time.monotonic can jump backwards when the clock of the machine is set",
        refusal="monotonic is the clock that never jumps",
    ),
    Mistake(
        where="__len__",
        severity="low",
        what="len() of a dict walks over all entries, a counter would be faster",
        refusal="len() of a dict takes the same time for any size",
    ),
    Mistake(
        where="__init__",
        severity="low",
        what="10_000 is a syntax error before Python 3.10",
        refusal="underscores in numbers are as old as Python 3.6",
    ),
)

PARTS = Parts(
    module="session_cache.py",
    defects=(token, roles, expiry, growth, names, purge),
    mistakes=mistakes,
    check_setup="from session_cache import SessionCache\n",
    forgotten=("from session_cache import SessionCache\n", "import session_cache\n"),
)
