import time


class SlidingWindowLimiter:
    def __init__(self, limit, window_seconds, *, clock=time.monotonic, sleep=time.sleep):
        if limit < 1 or window_seconds <= 0:
            raise ValueError("limit and window_seconds must be positive")
        self.limit = limit
        self.window_seconds = window_seconds

    def try_acquire(self):
        return True

    def acquire(self, timeout=None):
        return True
