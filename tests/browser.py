#!/usr/bin/env python3
"""browser.py PAGE.html DIR   Opens a page in a headless Chromium and prints what it makes of it, as JSON: "console" (errors and
warnings), "requests" (addresses other than the page's), "roles" (how many of each in the accessibility tree), "text" (the names in
it, as a screen reader reads them out), "images" (names and descriptions of the charts), "headings" (levels, in order), "contrast"
(text with less than 4.5 to 1, in light and dark), "overflow" (whether the page is wider than its window, at 1120 and at 400).
Screenshots go to DIR: light.png, dark.png, narrow.png. Needs the package chromium-headless-shell (or chromium), nothing else."""
import base64, collections, json, os, pathlib, shutil, subprocess, sys, tempfile

BROWSERS = ["chromium-headless-shell", "chromium"]

# The contrast of each text with what is behind it (WCAG 2.2, 1.4.3), for texts in HTML and in SVG.
CONTRAST = """(() => {
  const rgb = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const lum = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b };
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length && (c.length < 4 || c[3] > 0)) return c } return [255, 255, 255] };
  const bad = new Set();
  for (const e of document.querySelectorAll('main *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || e.closest('title, desc')) continue;
    const style = getComputedStyle(e), ink = rgb(e.closest('svg') ? style.fill : style.color);
    const [a, b] = [lum(ink), lum(ground(e))].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) bad.add(`${e.tagName}.${e.getAttribute('class')} "${e.textContent.slice(0, 20)}" ${ratio.toFixed(2)}`) }
  return [...bad] })()"""


class Browser:
    """A browser that is spoken to through two pipes: no port, no other library."""

    def __init__(self, home):
        program = next(filter(None, map(shutil.which, BROWSERS)), None) or sys.exit("needs " + BROWSERS[0])
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()

        def connect():  # as descriptors 3 and 4
            a, b = os.dup(to_read), os.dup(to_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--user-data-dir=" + home],
            preexec_fn=connect, close_fds=False, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.rest, self.number, self.session, self.events = b"", 0, None, []

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.receive())

    def receive(self):
        while b"\0" not in self.rest:
            part = os.read(self.back, 1 << 16)
            if not part:
                sys.exit("the browser ended")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def value(self, script):
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"]["value"]


def look(browser, page, out):
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ["Page", "Runtime", "Log", "Network", "Accessibility", "Audits"]:
        browser.call(domain + ".enable")
    result = {"contrast": {}, "overflow": {}}
    address = pathlib.Path(page).resolve().as_uri()

    def window(width, height):
        browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def picture(name):
        size = browser.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 6000), "scale": 1}
        data = browser.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"]
        pathlib.Path(out, name + ".png").write_bytes(base64.b64decode(data))

    window(1120, 900)
    browser.call("Page.navigate", url=address)
    browser.wait("Page.loadEventFired")
    for scheme in ["light", "dark"]:
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        result["contrast"][scheme] = browser.value(CONTRAST)
        picture(scheme)
    result["overflow"]["1120"] = browser.value("document.documentElement.scrollWidth > innerWidth")
    nodes = [n for n in browser.call("Accessibility.getFullAXTree")["nodes"] if not n["ignored"]]
    window(400, 900)
    picture("narrow")
    result["overflow"]["400"] = browser.value("document.documentElement.scrollWidth > innerWidth")

    def of(node, name):
        return node.get(name, {}).get("value", "")

    def properties(node):
        return {p["name"]: p["value"].get("value") for p in node.get("properties", [])}

    result["roles"] = collections.Counter(of(n, "role") for n in nodes)
    result["text"] = [of(n, "name") for n in nodes if of(n, "role") in ("StaticText", "heading", "cell", "gridcell", "rowheader")]
    result["images"] = [[of(n, "name"), of(n, "description")] for n in nodes if of(n, "role") in ("image", "img")]
    result["headings"] = [properties(n).get("level") for n in nodes if of(n, "role") == "heading"]
    result["console"] = [e["params"]["entry"]["text"] for e in browser.events if e.get("method") == "Log.entryAdded"]
    result["console"] += [json.dumps(e["params"]) for e in browser.events
                          if e.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Audits.issueAdded")]
    result["requests"] = [e["params"]["request"]["url"] for e in browser.events
                          if e.get("method") == "Network.requestWillBeSent" and e["params"]["request"]["url"] != address]
    return result


def main():
    page, out = sys.argv[1:]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser = Browser(home)
        try:
            print(json.dumps(look(browser, page, out), indent=1))
        finally:
            browser.process.kill()
            browser.process.wait()


main()
