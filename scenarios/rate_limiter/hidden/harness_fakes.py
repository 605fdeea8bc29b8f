"""Clocks, numbers and locks that make timing and races repeatable. Given to the hidden tests."""

import threading
import time


class FakeClock:
    """A clock that only sleep and the test move. Usable from several threads."""

    def __init__(self, now=1000.0):
        self.now = now
        self.slept = 0.0
        self._sleeps = 0
        self._lock = threading.Lock()

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        assert seconds >= 0, f"sleep was asked for {seconds} seconds"
        with self._lock:
            self._sleeps += 1
            assert self._sleeps < 5000, "slept 5000 times without getting anywhere"
            self.slept += seconds
            self.now += seconds


def hesitate():
    """Lets every other thread run, so that an unguarded gap between reading and writing shows."""
    time.sleep(0.0005)


class HesitantFloat(float):
    """A number whose comparisons take their time after they have looked."""

    def __lt__(self, other):
        answer = float(self) < other
        hesitate()
        return answer

    def __le__(self, other):
        answer = float(self) <= other
        hesitate()
        return answer

    def __gt__(self, other):
        answer = float(self) > other
        hesitate()
        return answer

    def __ge__(self, other):
        answer = float(self) >= other
        hesitate()
        return answer

    __hash__ = float.__hash__

    def __eq__(self, other):
        return float(self) == other


class HesitantInt(int):
    """As HesitantFloat, for whole numbers."""

    __lt__ = HesitantFloat.__lt__
    __le__ = HesitantFloat.__le__
    __gt__ = HesitantFloat.__gt__
    __ge__ = HesitantFloat.__ge__
    __hash__ = int.__hash__

    def __eq__(self, other):
        return int(self) == other


class HesitantKey(str):
    """A dictionary key that takes its time before it is looked up or stored."""

    def __hash__(self):
        hesitate()
        return str.__hash__(self)

    def __eq__(self, other):
        return str.__eq__(self, other)


def at_once(work, threads=16):
    """Run work in several threads that begin together; the list of what they returned."""
    barrier = threading.Barrier(threads)
    results = []

    def run():
        barrier.wait()
        results.append(work())

    started = [threading.Thread(target=run, daemon=True) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(2)
    assert len(results) == threads, f"some of {threads} threads raised an error or did not finish"
    return results


def require_exactly(due, granted, what):
    """Compare without naming the wrong count, which differs from run to run in a race."""
    assert granted <= due, f"more than {due} {what}"
    assert granted == due, f"fewer than {due} {what}"


def returns_soon(work, seconds=0.5):
    """Whether work, in a thread of its own, returns within some seconds."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()
