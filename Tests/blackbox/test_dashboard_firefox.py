"""The dashboard in Firefox: signing in, live rooms, the filter of events, and coming back."""

import json
import shutil

import pytest

import providers
import relay as roomwire
from firefox import Firefox

pytestmark = [
    pytest.mark.slow, pytest.mark.skipif(not shutil.which("firefox-esr"), reason="there is no Firefox")]

MARKUP = "<img src=x onerror=window.broken=1>"


class Page:
    """A tab with the dashboard."""

    def __init__(self, browser, address):
        self.browser = browser
        self.tab = browser.open(address)

    def run(self, script):
        return self.browser.run(self.tab, script)

    def text(self, selector="main"):
        return self.run(f"return document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def wait_text(self, words, selector="main"):
        roomwire.wait_until(lambda: words in self.text(selector), f"{words} in {selector}, in Firefox")

    def enter(self, selector, words):
        """Types a text into a field, and sends its form."""
        self.run(f"const field = document.querySelector({json.dumps(selector)}); field.value = {json.dumps(words)};"
                 "field.form.requestSubmit()")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    firefox = Firefox(tmp_path_factory.mktemp("firefox"))
    yield firefox
    firefox.quit()


@pytest.fixture
def page(browser):
    """Opens the dashboard; at the end nothing may have gone wrong in it."""
    made = []

    def page(base, token=None):
        made.append((base, Page(browser, f"{base}/" + (f"#token={token}" if token else ""))))
        return made[-1][1]

    yield page
    complaints = [line for base, _ in made for line in browser.complaints(base)]
    broken = [each.run("return window.broken") for _, each in made]
    for _, each in made:
        browser.close(each.tab)
    assert (complaints, [value for value in broken if value]) == ([], [])


def administrator():
    return roomwire.token("root", grant={"admin": True})


def test_firefox_signs_in_by_the_form_and_by_a_link(start, page):
    relay = start()
    form = page(relay.base)
    form.wait_text("Sign in")
    form.enter("#token", roomwire.token(secret="another secret with more than 32 bytes in it"))
    form.wait_text("another relay")
    form.enter("#token", f"Bearer {roomwire.token()}")
    form.wait_text("Live", ".state-name")
    link = page(relay.base, administrator())
    link.wait_text("Live", ".state-name")
    assert link.run("return location.href") == f"{relay.base}/#/"
    link.run("document.getElementById('sign-out').click()")
    link.wait_text("Sign in")
    assert link.run("return sessionStorage.length") == 0


def test_firefox_shows_rooms_as_they_change_and_the_relay(start, page):
    relay = start()
    providers.post_livekit(relay, providers.livekit_body("participant_joined", MARKUP, "ada"))
    dashboard = page(relay.base, administrator())
    dashboard.wait_text(MARKUP, ".rooms")
    providers.post_livekit(relay, providers.livekit_body("participant_joined", "call_42", "bob"))
    dashboard.wait_text("call_42", ".rooms")
    providers.post_livekit(relay, providers.livekit_body("room_finished", MARKUP),
                           providers.livekit_body("participant_left", MARKUP, "ada"))
    roomwire.wait_until(lambda: MARKUP not in dashboard.text(".rooms"), "the room to go, in Firefox")
    dashboard.run("document.querySelector('.room').click()")
    dashboard.wait_text("participant_joined", ".timeline")
    assert dashboard.run("return document.activeElement.tagName") == "H1"
    dashboard.run("location.hash = '#/relay'")
    dashboard.wait_text("livekit")


def test_firefox_filters_the_stream(start, page):
    relay = start()
    dashboard = page(relay.base, administrator())
    dashboard.wait_text("Live", ".state-name")
    dashboard.run("location.hash = '#/events'")
    dashboard.wait_text("Events")
    dashboard.run("document.getElementById('filter-room').value = 'call_*'")
    dashboard.enter("#filter-type", "participant_*")

    def filters():
        return [stream["filter"] for stream in relay.get("/admin/streams", administrator()).json()["streams"]]

    wanted = {"rooms": ["call_*"], "types": ["participant_*"]}
    roomwire.wait_until(lambda: any(wanted.items() <= each.items() for each in filters()), "the filter's stream")
    providers.post_meeting(relay, "call_7")
    providers.post_meeting(relay, "other")
    dashboard.wait_text("4 events that match")
    assert "other" not in dashboard.text(".feed")
    dashboard.run("document.querySelector('.event').click()")
    assert json.loads(dashboard.text("dialog pre"))["room"] == "call_7"


def test_firefox_comes_back_after_a_restart_of_the_relay(start, page):
    relay = start(streams={"retry": "200ms"})
    dashboard = page(relay.base, roomwire.token())
    dashboard.wait_text("Live", ".state-name")
    providers.post_livekit(relay, providers.livekit_body("participant_joined", "call_1", "ada"))
    dashboard.wait_text("call_1", ".rooms")
    relay.kill()
    dashboard.wait_text("Reconnecting", ".state-name")
    dashboard.wait_text("does not answer", ".notice")
    relay.start()
    providers.post_livekit(
        relay, providers.livekit_body("room_finished", "call_1"), providers.livekit_body("participant_left", "call_1", "ada"),
        providers.livekit_body("participant_joined", "call_2", "bob"))
    dashboard.wait_text("call_2", ".rooms")
    dashboard.wait_text("Live", ".state-name")
    assert "call_1" not in dashboard.text(".rooms")
