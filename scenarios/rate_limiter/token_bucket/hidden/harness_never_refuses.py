import time


class TokenBucket:
    def __init__(self, rate, burst, *, clock=time.monotonic, sleep=time.sleep):
        if rate <= 0 or burst <= 0:
            raise ValueError("rate and burst must be positive")
        self.rate = rate
        self.burst = burst

    def try_acquire(self, tokens=1):
        return True

    def acquire(self, tokens=1, timeout=None):
        return True
