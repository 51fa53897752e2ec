"""The dashboard in a browser: opening it, reading it, and looking for what a person could not use."""

import json
import time

import relay as roomwire

# Counts in which frames the page renders, and how often in each.
WATCH = """
if (!window.frames_) {
    const frames = window.frames_ = new Map();
    const ask = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (work) => ask((now) => {
        frames.set(now, (frames.get(now) ?? 0) + 1);
        work(now);
    });
}
"""

# What a screen reader says for an element, as far as the page's own means go (accname-1.2).
NAMES = """
const text = (node) => node.getAttribute("aria-hidden") === "true" ? "" : node.textContent;
const named = (element) => {
    const label = element.getAttribute("aria-label");
    if (label) return label;
    const by = element.getAttribute("aria-labelledby");
    if (by) return by.split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
    if (element.labels?.length) return [...element.labels].map(text).join(" ");
    if (element.matches("input, select, textarea")) return "";
    return text(element);
};
const isShown = (element) => element.checkVisibility({visibilityProperty: true});
"""

AUDIT = NAMES + """
const problems = [];
const say = (what, element) => problems.push(`${what}: ${element.outerHTML.slice(0, 160)}`);
for (const element of document.querySelectorAll("a, button, input, select, textarea, nav, dialog, [role], table, section, form")) {
    if (!isShown(element)) continue;
    if (element.matches("section, form, [role=status], [role=alert], [role=listitem]")) continue;
    if (!named(element).trim() && !element.querySelector(":scope > caption")) say("has no name", element);
}
for (const element of document.querySelectorAll("[aria-labelledby], [aria-describedby], label[for]")) {
    const ids = `${element.getAttribute("aria-labelledby") ?? ""} ${element.getAttribute("aria-describedby") ?? ""} ${element.getAttribute("for") ?? ""}`;
    for (const id of ids.split(" ").filter(Boolean)) if (!document.getElementById(id)) say(`names ${id}, which is not there`, element);
}
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) problems.push(`two elements have the id ${id}`);
for (const one of ["main", "header", "nav"]) {
    if ([...document.querySelectorAll(one)].filter(isShown).length > 1) problems.push(`more than one ${one}`);
}
if (!document.querySelector("main h1")) problems.push("no h1 in main");
let level = 1;
for (const heading of document.querySelectorAll("main h1, main h2, main h3")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) say("skips a level", heading);
    level = next;
}
for (const item of document.querySelectorAll("[role=listitem]")) if (!item.closest("[role=list]")) say("is in no list", item);
for (const element of document.querySelectorAll("[tabindex]")) if (element.tabIndex > 0) say("changes the order of Tab", element);
if (!document.documentElement.lang) problems.push("the page names no language");
if (!document.title) problems.push("the page has no title");
return problems;
"""

# Contrast of text against what is behind it, by WCAG 2.2's formula, from computed styles.
CONTRAST = """
const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
};
const channel = (value) => value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
const luminance = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
        const color = rgba(getComputedStyle(each).backgroundColor);
        if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
};
const ratio = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
};
const low = [];
let checked = 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element.checkVisibility() || element.closest("script, noscript")) continue;
    const style = getComputedStyle(element);
    const found = ratio(rgba(style.color), behind(element));
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    checked += 1;
    if (found < (isLarge ? 3 : 4.5)) low.push(`${found.toFixed(2)}: ${element.outerHTML.slice(0, 120)}`);
}
for (const element of document.querySelectorAll("input, select")) {
    if (!element.checkVisibility()) continue;
    const found = ratio(rgba(getComputedStyle(element).borderTopColor), behind(element.parentElement));
    checked += 1;
    if (found < 3) low.push(`border ${found.toFixed(2)}: ${element.outerHTML.slice(0, 120)}`);
}
return {low, checked};
"""


class Dashboard:
    """The page in Chromium, with everything that it asks for and complains of."""

    def __init__(self, browser, base):
        self.browser = browser
        self.base = base
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})

    def open(self, token=None):
        self.browser.get(f"{self.base}/" + (f"#token={token}" if token else ""))
        return self

    def go(self, hash):
        self.browser.get(f"{self.base}/{hash}")
        return self

    def run(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def find(self, selector):
        """The first element that a selector finds, once it is there."""
        return roomwire.wait_until(
            lambda: next(iter(self.browser.find_elements("css selector", selector)), None), selector)

    def text(self, selector="main"):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    @property
    def state(self):
        return self.run("const box = document.querySelector('.session');"
                        "return box.hidden ? null : document.querySelector('.state-name').textContent")

    def wait_state(self, name):
        roomwire.wait_until(lambda: self.state == name, f"the dashboard to be {name}")
        return self

    def wait_text(self, words, selector="main"):
        try:
            roomwire.wait_until(lambda: words in self.text(selector), repr(words))
        except AssertionError as error:
            raise AssertionError(f"{error} in {self.text(selector)[:500]!r}") from None
        return self

    def scheme(self, name):
        self.browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def width(self, pixels):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": pixels, "height": 844, "deviceScaleFactor": 1, "mobile": pixels < 600})

    def complaints(self):
        """What the console has, but for the statuses of requests that a test has answered badly."""
        return [entry["message"] for entry in self.browser.get_log("browser")
                if "Failed to load resource" not in entry["message"]]

    def requests(self):
        """The addresses that the page has asked for."""
        return self.run("return performance.getEntriesByType('resource').map((each) => each.name)")

    def audit(self):
        """What is wrong with names, roles and structure."""
        return self.run(AUDIT)

    def contrast(self):
        """What cannot be read well, in the scheme that is set."""
        found = self.run(CONTRAST)
        assert found["checked"] > 5
        return found["low"]

    def sizes(self):
        return self.run("return {nodes: document.querySelectorAll('*').length, rows: document.querySelectorAll('.row').length}")


def event(id, type="participant_joined", room="call_42", source="livekit", **data):
    """An event as the relay sends it."""
    milliseconds = int(id.split("-")[0])
    return {"type": type, "id": id, "source": source, "provider": "livekit", "room": room, "timestamp": milliseconds,
            "receivedAt": milliseconds, "data": {"room": {"name": room}, "providerEvent": type, **data}}


def live(handler, path, events=(), rooms=(), now=None, each_seconds=0.0):
    """An API with some rooms, and with one stream that goes on with events."""
    now = now or int(time.time() * 1000)
    if path == "/tickets":
        handler.reply(201, {"ticket": "t"})
    elif path.startswith("/rooms?"):
        handler.reply(200, {"lastEventId": f"{now}-0", "rooms": list(rooms)})
    elif path.startswith("/events?") and "format=json" not in path:
        handler.begin_stream()
        handler.message(type="connected", streamId="1", user="ada", heartbeatMs=15000, newestId=f"{now}-0",
                        lastEventId=f"{now}-0")
        for event in events:
            handler.message(**event)
            time.sleep(each_seconds)
        # Until the page goes.
        while True:
            handler.message(type="heartbeat", lastEventId=f"{now + len(events)}-0")
            time.sleep(0.2)
    else:
        return False
    return True
