"""Drives a headless Chromium over its debugging pipe: nothing to install for it."""

import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = "chromium chromium-browser google-chrome google-chrome-stable".split()


def find():
    """Where a Chromium lies, or None; the environment's CHROMIUM comes first."""
    return os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), None
    )


class Browser:
    """One page; `faults` collects exceptions, console errors and failed loads."""

    def __init__(self, executable):
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (theirs_in, theirs_out)]

        def give_ends():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        options = (
            "--headless=new --no-sandbox --disable-gpu --remote-debugging-pipe "
            "--mute-audio --no-first-run --autoplay-policy=no-user-gesture-required"
        )
        self._process = subprocess.Popen(
            [executable, *options.split(), f"--user-data-dir={self._folder.name}"],
            pass_fds=(3, 4),
            preexec_fn=give_ends,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for fd in (theirs_in, theirs_out, *ends):
            os.close(fd)
        self._in, self._out = ours_in, ours_out
        self._buffer, self._number, self._session = b"", 0, None
        self.faults, self._events = [], []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            os.close(self._out)
        self._process.kill()
        self._process.wait()
        os.close(self._in)
        self._folder.cleanup()

    def send(self, method, **params):
        """Call a method of the protocol and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def open(self, url):
        """Load a page, until its load event."""
        self._events.clear()
        self.send("Page.navigate", url=url)
        while "Page.loadEventFired" not in self._events:
            self._note(self._receive())

    def evaluate(self, script):
        """The value of a script, awaited if it is a promise."""
        options = {"awaitPromise": True, "returnByValue": True}
        done = self.send("Runtime.evaluate", expression=script, **options)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def width(self, pixels, height=844):
        """Become a screen of this size."""
        size = {"width": pixels, "height": height, "deviceScaleFactor": 1}
        mobile = pixels < 600
        self.send("Emulation.setDeviceMetricsOverride", mobile=mobile, **size)

    def colours(self, scheme):
        """Prefer "dark" or "light"."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.send("Emulation.setEmulatedMedia", features=[feature])

    def _receive(self, seconds=60.0):
        end = time.monotonic() + seconds
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], end - time.monotonic())
            part = os.read(self._in, 1 << 20) if ready else b""
            assert part, "the browser said nothing more"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def _note(self, event):
        method, params = event.get("method", ""), event.get("params", {})
        self._events.append(method)
        kind = params.get("type") or params.get("entry", {}).get("level")
        said = ("Runtime.consoleAPICalled", "Log.entryAdded")
        wrong = method in said and kind in ("error", "warning", "assert")
        if wrong or method in ("Runtime.exceptionThrown", "Network.loadingFailed"):
            self.faults.append(params)
