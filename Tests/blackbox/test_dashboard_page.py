"""The dashboard as a person uses it, in Chromium."""

import itertools
import json
import random
import time

import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import providers
import relay as roomwire
from conftest import chromium
from dashboards import Dashboard, event, live
from page_server import PageServer

ADMIN = {"admin": True, "raw": True}
HOSTILE = [
    "<img src=x onerror=window.broken=1>", "</span><script>window.broken=1</script>", "\u202emoor \u2066lautriv",
    "اجتماع‎ الفريق", "🧑🏽‍🚀🎉" * 20, "a" * 500, "&lt;b&gt; \" ' `", "javascript:window.broken=1", "#/events", "..",
]


@pytest.fixture(scope="module")
def chrome(tmp_path_factory):
    driver = chromium(tmp_path_factory.mktemp("chrome"))
    yield driver
    driver.quit()


@pytest.fixture
def page(chrome):
    """Opens the dashboard of a relay."""
    made = []

    def open(base, token=None):
        made.append(Dashboard(chrome, base))
        return made[-1].open(token)

    yield open
    for dashboard in made:
        # The next test may be at the same address.
        dashboard.run("sessionStorage.clear()")
        dashboard.width(1280)
        dashboard.scheme("light")
    chrome.get("about:blank")
    chrome.get_log("browser")


@pytest.fixture
def made_up():
    """A page in front of an API that the test makes up."""
    servers = []

    def start(answer, **rest):
        servers.append(PageServer(answer, **rest))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def administrator(**rest):
    return roomwire.token("root", grant=ADMIN, **rest)


@pytest.mark.slow
def test_the_demo_is_shown_as_it_is(start, page):
    relay = start(config={}, flags=["--demo"])
    token = roomwire.command("token", "--user", "dashboard", "--admin", "--data", str(relay.data)).stdout.strip()
    dashboard = page(relay.base, token).wait_state("Live")
    assert dashboard.browser.current_url == f"{relay.base}/#/"
    roomwire.wait_until(lambda: dashboard.sizes()["rows"] > 0, "a room of the demo")
    shown = dashboard.text(".rooms")
    open_rooms = [room["name"] for room in relay.get("/rooms", token).json()["rooms"]]
    assert any(name in shown for name in ["standup", "design-review", "call_42"]) and open_rooms
    assert dashboard.run("return Object.keys(localStorage).length") == 0
    assert token not in dashboard.run("return document.documentElement.outerHTML + document.cookie + location.href")

    dashboard.go("#/events").wait_text("participant_joined")
    dashboard.run("document.querySelector('.event').click()")
    shown = json.loads(dashboard.text("dialog pre"))
    assert shown["id"] and shown["source"] == "demo"
    dashboard.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    roomwire.wait_until(lambda: not dashboard.run("return document.querySelector('dialog')"), "the dialog to close")
    dashboard.go("#/relay").wait_text("livekit")
    assert all(address.startswith(relay.base + "/") for address in dashboard.requests())
    assert dashboard.complaints() == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_everything_has_a_name_a_place_and_enough_contrast(start, page, scheme, width):
    relay = start()
    providers.post_livekit(
        relay, *[providers.livekit_body("participant_joined", "call_42", person) for person in ("ada", "bob")],
        providers.livekit_body("track_published", "call_42", "ada", track={"sid": "TR_1", "source": "CAMERA"}))
    relay.post("livekit", {}, b"{}")
    requests.post(relay.url("/admin/revoke"), json={"user": "mallory"}, timeout=9, headers={"Authorization": f"Bearer {administrator()}"})
    dashboard = page(relay.base)
    dashboard.scheme(scheme)
    dashboard.width(width)
    assert (dashboard.audit(), dashboard.contrast()) == ([], []), "signing in"
    dashboard.open(administrator()).wait_state("Live").wait_text("call_42")
    for hash, words in [("#/", "call_42"), ("#/events", "participant_joined"), ("#/rooms/livekit/call_42", "Timeline"),
                        ("#/relay", "missing_header")]:
        dashboard.go(hash).wait_text(words)
        assert (dashboard.audit(), dashboard.contrast()) == ([], []), hash
        # Nothing is cut off at the side, on a phone neither.
        assert dashboard.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, hash
    dashboard.go("#/events").wait_text("participant_joined")
    dashboard.run("document.querySelector('.event').click()")
    assert (dashboard.audit(), dashboard.contrast()) == ([], []), "the JSON of an event"
    assert dashboard.complaints() == []


@pytest.mark.slow
def test_tab_goes_through_the_page_in_its_order_and_arrows_through_a_list(start, page):
    relay = start()
    providers.post_livekit(
        relay, *[providers.livekit_body("participant_joined", f"call_{number:02}", "ada") for number in range(40)])
    dashboard = page(relay.base, administrator()).wait_state("Live").wait_text("call_00")
    focused = "const e = document.activeElement; return e.id || e.textContent.trim().slice(0, 40)"
    order = []
    for _ in range(8):
        dashboard.browser.switch_to.active_element.send_keys(Keys.TAB)
        order.append(dashboard.run(focused))
        assert dashboard.run("const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none'"), order
    assert order[:7] == ["Skip to content", "Rooms", "Events", "Relay", "sign-out", "search", "order"]
    assert order[7].startswith("call_00")
    for _ in range(30):
        dashboard.browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    assert dashboard.run(focused).startswith("call_30")
    assert dashboard.run("const box = document.activeElement.getBoundingClientRect(), list = document.querySelector('.list').getBoundingClientRect();"
                         "return box.top >= list.top - 1 && box.bottom <= list.bottom + 1")
    # A list is one stop of Tab.
    dashboard.browser.switch_to.active_element.send_keys(Keys.SHIFT, Keys.TAB)
    assert dashboard.run(focused) == "order"
    dashboard.browser.switch_to.active_element.send_keys(Keys.TAB)
    dashboard.browser.switch_to.active_element.send_keys(Keys.ENTER)
    dashboard.wait_text("Timeline")
    # A view that opens has the focus at its beginning.
    assert dashboard.run("return document.activeElement.tagName") == "H1"


@pytest.mark.slow
@pytest.mark.parametrize("made, words", [
    (lambda: "not-a-token", "not a token"),
    (lambda: roomwire.token(ttl=-60), "ended"),
    (lambda: roomwire.token(secret="another secret with more than 32 bytes in it"), "another relay"),
    (lambda: roomwire.token(roomwire=None), "roomwire.rooms"),
    (lambda: roomwire.token(HOSTILE[0] + HOSTILE[2], secret="another secret with more than 32 bytes in it"), "another relay"),
])
def test_a_token_that_is_no_good_is_told_why(shared, page, made, words):
    dashboard = page(shared.base)
    box = dashboard.find("#token")
    box.send_keys(made(), Keys.ENTER)
    dashboard.wait_text(words)
    assert dashboard.run("return document.activeElement.id") == "token"
    assert dashboard.run("return sessionStorage.length") == 0
    # What was copied with the header's word, or as the whole link, does as well.
    dashboard.find("#token").send_keys("Bearer " + roomwire.token(), Keys.ENTER)
    dashboard.wait_state("Live")
    assert not dashboard.run("return window.broken") and dashboard.complaints() == []


@pytest.mark.slow
def test_a_reload_stays_signed_in_and_signing_out_forgets(shared, page):
    dashboard = page(shared.base, roomwire.token()).wait_state("Live")
    # Not an administrator: nothing that would be refused is shown.
    assert "Relay" not in dashboard.text("nav")
    dashboard.browser.refresh()
    dashboard.wait_state("Live")
    dashboard.find("#sign-out").click()
    dashboard.wait_text("Sign in")
    assert dashboard.run("return sessionStorage.length") == 0 and dashboard.state is None
    dashboard.browser.refresh()
    dashboard.wait_text("Sign in")


@pytest.mark.slow
def test_a_token_that_ends_is_told_and_replaced(start, page):
    relay = start(tokens={"issuers": [{"name": "own", "hs256": roomwire.TOKEN_SECRET}], "leeway": "0s"})
    dashboard = page(relay.base, roomwire.token(ttl=4)).wait_state("Live").wait_state("Expired").wait_text("fresh")
    dashboard.find("#token").send_keys(roomwire.token(), Keys.ENTER)
    dashboard.wait_state("Live").wait_text("No room is open")


@pytest.mark.slow
def test_hostile_names_are_text(start, page):
    relay = start()
    bodies = []
    for number, name in enumerate(HOSTILE):
        person = {"sid": f"PA_{number}", "identity": name, "name": name, "state": "ACTIVE"}
        bodies.append(providers.livekit_body("participant_joined", name, participant=person))
    providers.post_livekit(relay, *bodies)
    dashboard = page(relay.base, administrator()).wait_state("Live")
    roomwire.wait_until(lambda: dashboard.sizes()["rows"] == len(HOSTILE), "all rooms")
    names = dashboard.run("return [...document.querySelectorAll('.room-name bdi')].map((each) => each.textContent)")
    assert sorted(names) == sorted(HOSTILE)
    assert dashboard.run("return [...document.querySelectorAll('.room-name bdi')].every((each) => each.dir === 'auto'"
                         " && getComputedStyle(each).unicodeBidi === 'isolate')")
    links = dashboard.run("return [...document.querySelectorAll('.room')].map((each) => each.hash)")
    for link, name in zip(links, names):
        dashboard.go(link)
        roomwire.wait_until(lambda: dashboard.run("return document.querySelector('h1').textContent") == name, name[:40])
        roomwire.wait_until(lambda: dashboard.sizes()["rows"] == 1, "its timeline, which has the join")
        assert dashboard.run("return document.querySelector('.person-name bdi').textContent") == name
        assert dashboard.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
    dashboard.go("#/events").wait_text("participant_joined")
    dashboard.run("document.querySelector('.event').click()")
    assert dashboard.run("return document.querySelectorAll('main img, main script, dialog img, dialog script').length") == 0
    assert not dashboard.run("return window.broken") and dashboard.complaints() == []


@pytest.mark.slow
def test_a_stream_that_is_held_back_becomes_polling(made_up, page):
    """A proxy that buffers: the stream's head arrives and nothing after it."""
    numbers = itertools.count(1)
    base = int(time.time() * 1000)

    def api(handler, path):
        if path.startswith("/events?") and "format=json" in path and "tail=" not in path:
            time.sleep(0.2)
            id = f"{base + next(numbers)}-0"
            person = {"id": "PA_1", "identity": "ada", "kind": "standard"}
            handler.reply(200, {"events": [event(id, participant=person)], "lastEventId": id, "more": False})
        elif path.startswith("/events?"):
            handler.begin_stream()
            handler.wfile.flush()
            time.sleep(30)
        else:
            # The rooms of this moment, in which the events so far have happened.
            return live(handler, path, now=base + next(numbers))
        return True

    dashboard = page(made_up(api).base, "a.b.c")
    roomwire.wait_until(lambda: dashboard.state == "Polling", "polling", 60)
    dashboard.wait_text("call_42").wait_text("holds streams back", ".notice")


@pytest.mark.slow
def test_a_relay_that_comes_back_is_caught_up_with(start, page):
    relay = start(streams={"retry": "200ms"})
    dashboard = page(relay.base, roomwire.token()).wait_state("Live")
    providers.post_livekit(relay, providers.livekit_body("participant_joined", "call_1", "ada"))
    dashboard.wait_text("call_1")
    relay.kill()
    dashboard.wait_state("Reconnecting")
    relay.start()
    providers.post_livekit(
        relay, providers.livekit_body("room_finished", "call_1"), providers.livekit_body("participant_joined", "call_2", "bob"))
    dashboard.wait_state("Live").wait_text("call_2")
    assert "call_1" not in dashboard.text(".rooms")
    # The state is told to screen readers, and nothing else is all the time.
    assert dashboard.run("return [...document.querySelectorAll('[aria-live]')].map((each) => each.id)") == ["announcer"]
    assert dashboard.text("#announcer") == "Connection: Live"


@pytest.mark.slow
def test_a_filter_becomes_the_streams_own(start, page):
    relay = start()
    dashboard = page(relay.base, administrator()).wait_state("Live").go("#/events")
    dashboard.find("#filter-type").send_keys("participant_*, room_finished")
    dashboard.find("#filter-room").send_keys("call_*", Keys.ENTER)

    def filters():
        return [stream["filter"] for stream in relay.get("/admin/streams", administrator()).json()["streams"]]

    wanted = {"rooms": ["call_*"], "types": ["participant_*", "room_finished"]}
    roomwire.wait_until(lambda: any(wanted.items() <= each.items() for each in filters()), f"{wanted} in {filters()}")
    providers.post_meeting(relay, "call_7")
    providers.post_meeting(relay, "other")
    dashboard.wait_text("5 events that match")
    assert "other" not in dashboard.text(".feed") and "room_started" not in dashboard.text(".feed")
    dashboard.browser.find_element(By.XPATH, "//button[text()='Clear filter']").click()
    dashboard.wait_text("The last 12 events")
    roomwire.wait_until(lambda: len(filters()) == 1, "the filter's stream to end")


@pytest.mark.slow
def test_an_administrator_closes_rooms_and_revokes_users(start, page):
    relay = start()
    providers.post_livekit(relay, providers.livekit_body("participant_joined", "a/b %*", "ada"))
    dashboard = page(relay.base, administrator()).wait_state("Live").wait_text("a/b %*")
    dashboard.run("document.querySelector('.room').click()")
    dashboard.wait_text("Close room").browser.find_element(By.XPATH, "//main//button[text()='Close room']").click()
    dashboard.wait_text("Close this room?", "dialog").find("dialog .danger").click()
    dashboard.wait_text("Not open now").wait_text("The room is closed", ".notice")
    assert relay.get("/rooms", administrator()).json()["rooms"] == []

    with requests.get(relay.url("/events"), headers={"Authorization": f"Bearer {roomwire.token('mallory')}"}, stream=True,
                      timeout=roomwire.DEADLINE_SECONDS) as stream:
        lines = stream.iter_lines()
        next(lines)
        dashboard.go("#/relay").wait_text("mallory")
        dashboard.find("button[aria-label='Revoke mallory']").click()
        dashboard.wait_text("Revoke?", "dialog").find("dialog .danger").click()
        dashboard.wait_text("until lifted")
        assert any("revoked" in line.decode() for line in lines)
    assert relay.get("/rooms", roomwire.token("mallory")).json()["reason"] == "revoked"
    dashboard.find("button[aria-label='Lift the revocation of user mallory']").click()
    dashboard.wait_text("None is in force.")
    assert relay.get("/rooms", roomwire.token("mallory")).status_code == 200
    assert dashboard.complaints() == []


@pytest.mark.slow
def test_a_thousand_rooms_and_a_hundred_events_a_second_stay_a_page(made_up, page):
    """Counted, not timed: elements in the page, and renderings in each frame."""
    base = int(time.time() * 1000)
    rooms = [{"name": f"room {number}", "source": "livekit", "provider": "livekit", "startedAt": roomwire.iso(base - number),
              "participants": [{"id": f"PA_{number}", "identity": f"user {number}", "kind": "standard", "tracks": []}], "recordings": [],
              "lastEventId": f"{base - 1}-0"} for number in range(1000)]
    chance = random.Random(42)
    events = [event(f"{base + number + 1}-0", ["participant_joined", "participant_left"][number % 2],
                    f"room {chance.randrange(1000)}", participant={"id": f"PA_x{number // 2}", "identity": f"guest {number // 2}", "kind": "standard"})
              for number in range(600)]
    dashboard = page(made_up(lambda handler, path: live(handler, path, events, rooms, base, 0.01)).base, "a.b.c")
    dashboard.wait_state("Live").wait_text("1,000", ".numbers")
    for hash in ("#/", "#/events", "#/"):
        # Some events further, and at least as many frames.
        frames = dashboard.go(hash).run("return window.frames_.size")
        roomwire.wait_until(lambda: dashboard.run("return window.frames_.size") > frames + 10, "further frames")
        sizes = dashboard.sizes()
        assert 0 < sizes["rows"] < 60 and sizes["nodes"] < 900, sizes
    dashboard.run("document.querySelector('.list').scrollTop = 30000")
    roomwire.wait_until(lambda: dashboard.run("return [...document.querySelectorAll('.row')].some((each) => each.rowIndex === 500)"),
                        "the middle of the list")
    assert dashboard.sizes()["rows"] < 60
    dashboard.go("#/events").wait_text("The last 600 events")
    # Every frame renders once, however many events it has.
    frames = dashboard.run("return [...window.frames_.values()]")
    assert max(frames) == 1 and len(frames) > 10
    assert dashboard.complaints() == []


@pytest.mark.slow
def test_the_page_works_below_another_prefix(start, page):
    relay = start(path_prefix="/live/v1")
    dashboard = page(relay.base, roomwire.token()).wait_state("Live").wait_text("No room is open")
    assert any("/live/v1/events" in address for address in dashboard.requests())
    assert not any("/api/" in address for address in dashboard.requests())
