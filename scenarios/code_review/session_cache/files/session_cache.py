"""Sessions of a web application, kept in memory."""

import random
import string
import time

LETTERS = string.ascii_letters + string.digits


class SessionCache:
    """Sessions by token.

    A session is over lifetime_seconds after it was opened. There are never more than
    max_sessions: a new one takes the place of the one that was opened first.
    """

    def __init__(self, lifetime_seconds=1800, max_sessions=10_000, clock=time.monotonic):
        self.lifetime_seconds = lifetime_seconds
        self.max_sessions = max_sessions
        self._clock = clock
        self._sessions = {}

    def __len__(self):
        return len(self._sessions)

    def open(self, user, roles=[]):
        """Open a session and return its token, which nobody can guess.

        The session has the given roles and "member"; the caller's list is left alone.
        """
        token = "".join(random.choice(LETTERS) for _ in range(32))
        roles.append("member")
        self._sessions[token] = {"user": user, "roles": roles, "opened": self._clock()}
        return token

    def get(self, token):
        """Return the session of a token, or None if there is none or it is over."""
        return self._sessions.get(token)

    def close(self, token):
        """End a session; to end one that is not there is no error."""
        self._sessions.pop(token, None)

    def users(self):
        """Return everybody who has a session, once each, in the order they came."""
        names = []
        for session in self._sessions.values():
            if session["user"] not in names:
                names.append(session["user"])
        return names

    def purge(self):
        """Remove the sessions that are over and return how many there were."""
        before = len(self._sessions)
        for token, session in self._sessions.items():
            if self._clock() - session["opened"] >= self.lifetime_seconds:
                del self._sessions[token]
        return before - len(self._sessions)
