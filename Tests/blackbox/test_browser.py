"""A real browser: Chromium, with nothing but its own EventSource."""

import os

import pytest

import providers
import relay as roomwire

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Rooms</title>
<h1>Rooms</h1>
<ol id="log"></ol>
<script>
const seen = window.seen = [];
const log = document.getElementById("log");
function show(text) {
    const item = document.createElement("li");
    item.textContent = text;
    log.append(item);
}
const events = window.events = new EventSource("EVENTS");
events.onmessage = (e) => {
    const data = JSON.parse(e.data);
    seen.push(data);
    switch (data.type) {
    case "connected": show("connected as " + data.user); break;
    case "room_started":
    case "room_finished": show(data.type + " " + data.data.room.name); break;
    case "participant_joined":
    case "participant_left":
        show(data.type + " " + data.data.room.name + " " + data.data.participant.identity); break;
    default: show("something else: " + data.type);
    }
};
</script>
"""


def write_page(site, relay, query=""):
    pages, origin = site
    (pages / "index.html").write_text(PAGE.replace("EVENTS", relay.url(f"/events?access_token={roomwire.token()}{query}")))
    return origin + "/index.html"


def seen(browser):
    return browser.execute_script("return window.seen")


def wait_for(browser, kind):
    roomwire.wait_until(lambda: kind in [message["type"] for message in seen(browser)], f"{kind} in the browser")
    return [message["type"] for message in seen(browser)]


@pytest.mark.slow
def test_a_page_with_an_event_source_sees_a_whole_meeting(start, site, browser):
    relay = start(cors={"origins": [site[1]]})
    browser.get(write_page(site, relay))
    assert wait_for(browser, "connected") == ["connected"]
    providers.post_meeting(relay, "call_42")
    assert wait_for(browser, "room_finished") == [
        "connected", "room_started", "participant_joined", "participant_joined", "participant_left",
        "participant_left", "room_finished"]
    assert {message["data"]["room"]["name"] for message in seen(browser)[1:]} == {"call_42"}
    lines = browser.find_element("id", "log").text.split("\n")
    assert lines[0] == "connected as ada" and lines[-1] == "room_finished call_42"
    if picture := os.environ.get("ROOMWIRE_SCREENSHOT"):
        browser.save_screenshot(picture)


@pytest.mark.slow
def test_a_browser_comes_back_by_itself_and_misses_nothing(start, site, browser):
    relay = start(cors={"origins": [site[1]]}, streams={"retry": "200ms"})
    browser.get(write_page(site, relay))
    wait_for(browser, "connected")
    providers.post_meeting(relay, "call_1")
    wait_for(browser, "room_finished")
    relay.kill()
    relay.start()
    providers.post_meeting(relay, "call_2")
    roomwire.wait_until(
        lambda: sum(message["type"] == "room_finished" for message in seen(browser)) == 2, "the second meeting")
    rooms = [message["room"] for message in seen(browser) if "id" in message]
    assert rooms == ["call_1"] * 6 + ["call_2"] * 6
    ids = [message["id"] for message in seen(browser) if "id" in message]
    assert len(set(ids)) == 12


@pytest.mark.slow
def test_a_page_of_another_origin_may_not_read(start, site, browser):
    relay = start(cors={"origins": ["https://dash.example.com"]})
    browser.get(write_page(site, relay))
    roomwire.wait_until(
        lambda: browser.execute_script("return window.events.readyState") == 2, "the browser to give up")
    assert seen(browser) == []
