# SPDX-License-Identifier: BSD-2-Clause
"""Chromium without a window, driven over its debugging pipe: sizes, themes, scripts, pictures."""
import base64
import json
import os
import select
import shutil
import subprocess
import time

import run
import tap

PROGRAM = shutil.which("chromium")


class Browser:
    """One Chromium with one tab."""

    def __init__(self):
        here, theirs = os.pipe(), os.pipe()	# to it, from it
        args = [PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--hide-scrollbars", "--remote-debugging-pipe",
                "--user-data-dir=%s/chromium" % tap.folder(), "about:blank"]
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" 3<&%d 4>&%d' % (here[0], theirs[1]), "sh"] + args,
            pass_fds=(here[0], theirs[1]), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(here[0])
        os.close(theirs[1])
        self.to, self.from_ = here[1], theirs[0]
        tap.at_end(self.stop)
        self.read, self.number, self.session, self.events = b"", 0, None, []
        page = next(t for t in self.call("Target.getTargets")["targetInfos"]
                    if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"],
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")

    def _message(self, end):
        while b"\0" not in self.read:
            if not select.select([self.from_], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer")
            got = os.read(self.from_, 1 << 20)
            if not got:
                raise EOFError("Chromium has ended")
            self.read += got
        text, self.read = self.read.split(b"\0", 1)
        return json.loads(text.decode())

    def call(self, method, **params):
        """Call a method of the protocol and return its result. Events meanwhile are kept."""
        self.number += 1
        text = {"id": self.number, "method": method, "params": params}
        if self.session:
            text["sessionId"] = self.session
        data = json.dumps(text).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        end = time.monotonic() + run.SAFETY_S
        while True:
            m = self._message(end)
            if m.get("id") == self.number:
                if "error" in m:
                    raise RuntimeError("%s: %s" % (method, m["error"]))
                return m["result"]
            self.events.append(m)

    def wait(self, event):
        """Wait for an event that comes after the last call of forget()."""
        end = time.monotonic() + run.SAFETY_S
        while not any(m.get("method") == event for m in self.events):
            self.events.append(self._message(end))

    def look(self, width, dark=False):
        """Set the width of the window and the colour scheme of the pages that follow."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900,
                  deviceScaleFactor=1, mobile=width < 500)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, url):
        """Load a page. Returns what the browser complained of."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        self.wait("Page.loadEventFired")
        return [m["params"]["entry"]["text"] for m in self.events
                if m.get("method") == "Log.entryAdded"
                and "favicon" not in m["params"]["entry"].get("url", "")]

    def ask(self, script):
        """The value of a script's expression in the page, as JSON carries it."""
        r = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in r:
            raise RuntimeError(r["exceptionDetails"])
        return r["result"].get("value")

    def picture(self, path):
        """Save the whole page as a PNG file."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
