"""A headless Chromium driven over its debugging pipe: no driver, no websocket, no network."""

import json
import os
import shutil
import subprocess
import tempfile
import time

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-pipe",
]
_KEYS = {"Enter": 13, "Escape": 27, "j": 74, "k": 75, "/": 191}


class Browser:
    """One Chromium process; `open` gives a fresh page."""

    def __init__(self):
        self._profile = tempfile.mkdtemp()
        inward, self._write = os.pipe()
        self._read, outward = os.pipe()

        def place_pipes():
            # Chromium reads commands from 3 and answers on 4; copies first, so none is overwritten.
            first, second = os.dup(inward), os.dup(outward)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self._process = subprocess.Popen(
            [CHROMIUM, *_FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
            close_fds=False,
            preexec_fn=place_pipes,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(inward)
        os.close(outward)
        self._buffer = b""
        self._next_id = 0
        self.events = []

    def close(self):
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)
        shutil.rmtree(self._profile, ignore_errors=True)

    def call(self, method, session=None, **params):
        self._next_id += 1
        message = {"id": self._next_id, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._next_id:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)

    def _receive(self):
        while b"\0" not in self._buffer:
            data = os.read(self._read, 1 << 20)
            assert data, "the browser ended"
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def open(self, path, fragment="", *, has_scripts=True, width=1200, theme="light"):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.events.clear()
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable", session)
        self.call("Emulation.setScriptExecutionDisabled", session, value=not has_scripts)
        self.call(
            "Emulation.setDeviceMetricsOverride",
            session,
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 700,
        )
        scheme = [{"name": "prefers-color-scheme", "value": theme}]
        self.call("Emulation.setEmulatedMedia", session, features=scheme)
        address = path if "://" in str(path) else f"file://{path}"
        self.call("Page.navigate", session, url=f"{address}{fragment}")
        page = Page(self, session)
        page.wait("document.readyState === 'complete'")
        return page


class Page:
    """A page of the browser, and everything it did."""

    def __init__(self, browser, session):
        self._browser = browser
        self._session = session

    def evaluate(self, expression):
        result = self._browser.call(
            "Runtime.evaluate",
            self._session,
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, expression, seconds=10):
        deadline = time.monotonic() + seconds
        while not self.evaluate(expression):
            assert time.monotonic() < deadline, f"never became true: {expression}"
            time.sleep(0.02)

    def press(self, key):
        event = {"key": key, "windowsVirtualKeyCode": _KEYS[key]}
        text = {"text": "\r" if key == "Enter" else key} if key != "Escape" else {}
        for kind in ("keyDown", "keyUp"):
            self._browser.call("Input.dispatchKeyEvent", self._session, type=kind, **event, **text)

    def choose(self, selector, value):
        self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            f"e.value = {json.dumps(value)};"
            "e.dispatchEvent(new Event('input', {bubbles: true})); })()"
        )

    def happened(self, method):
        return [e["params"] for e in self._browser.events if e.get("method") == method]

    def requests(self):
        return [event["request"]["url"] for event in self.happened("Network.requestWillBeSent")]

    def complaints(self):
        """Console errors, uncaught exceptions, log errors and dialogs."""
        console = [e for e in self.happened("Runtime.consoleAPICalled") if e["type"] == "error"]
        log = [e for e in self.happened("Log.entryAdded") if e["entry"]["level"] == "error"]
        return [
            *console,
            *log,
            *self.happened("Runtime.exceptionThrown"),
            *self.happened("Page.javascriptDialogOpening"),
        ]
