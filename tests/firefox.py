"""Firefox without a window and without a network, driven through WebDriver BiDi, for tests of the view."""

import json
import re
import subprocess
from shutil import which

FIREFOX = which("firefox-esr") or which("firefox")
PREFERENCES = """
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 9);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", 9);
user_pref("ui.prefersReducedMotion", 1);
"""
"""A proxy that does not exist cuts the network; nothing moves, so that a step is there at once."""


class Firefox:
    """One browser with one page.

    Arguments:
        profile: an empty folder.
    """

    def __init__(self, profile):
        (profile / "user.js").write_text(PREFERENCES)
        command = [FIREFOX, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        address = next(found[1] for line in self.process.stderr if (found := re.search(r"listening on (ws:\S+)", line)))
        from websocket import create_connection

        self.socket = create_connection(f"{address}/session", timeout=300, suppress_origin=True)
        self.sent = 0
        self.problems = []
        """What the console says of errors and warnings."""
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=["log.entryAdded"])
        self.page = self.send("browsingContext.getTree")["contexts"][0]["context"]

    def send(self, method, **parameters):
        """Send a command and return its result; events that come before it are kept if they tell of a problem."""
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv())).get("id") != self.sent:
            entry = answer.get("params", {})
            if entry.get("level") in ("error", "warn"):
                self.problems.append(entry["text"])
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        return answer["result"]

    def open(self, path, width, height):
        self.send("browsingContext.setViewport", context=self.page, viewport={"width": width, "height": height})
        drawn = "requestAnimationFrame(() => requestAnimationFrame(() => done(true)))"
        while True:
            self.send("browsingContext.navigate", context=self.page, url=path.as_uri(), wait="complete")
            # On a loaded machine a new page was seen to wait for its first frame for ever: then it is loaded again.
            if self.evaluate(f"new Promise(done => {{ {drawn}; setTimeout(() => done(false), 30_000); }})"):
                break

    def evaluate(self, expression):
        """Return what an expression of JavaScript is, as JSON can hold it."""
        result = self.send(
            "script.evaluate",
            expression=f"Promise.resolve({expression}).then(JSON.stringify)",
            target={"context": self.page},
            awaitPromise=True,
        )
        if result["type"] == "exception":
            raise RuntimeError(result["exceptionDetails"]["text"])
        return json.loads(result["result"].get("value", "null"))

    def press(self, key):
        keys = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self.act({"type": "key", "id": "keys", "actions": keys})

    def drag(self, x, y, right=0):
        """Press at a point, and move to the right before the release."""
        moves = (
            [{"type": "pointerMove", "x": round(x + part * right), "y": round(y)} for part in (0.5, 1)] if right else []
        )
        actions = [
            {"type": "pointerMove", "x": round(x), "y": round(y)}, {"type": "pointerDown", "button": 0},
            *moves, {"type": "pointerUp", "button": 0},
        ]  # fmt: skip
        self.act({"type": "pointer", "id": "mouse", "actions": actions})

    def act(self, source):
        self.send("input.performActions", context=self.page, actions=[source])

    def middle(self, selector):
        """The middle of an element on the screen, as soon as it is there."""
        box = "({left, top, width, height}) => [left + width / 2, top + height / 2]"
        return self.evaluate(f"""new Promise((done) => {{
            const look = () => {{
                const element = document.querySelector({json.dumps(selector)});
                if (element) done(({box})(element.getBoundingClientRect()));
                else setTimeout(look, 20);
            }};
            look();
        }})""")

    def text(self, selector):
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.communicate()
