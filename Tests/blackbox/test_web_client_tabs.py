"""client.js in several tabs of an origin: one connection for all, each tab its own events, and another leader when one is
gone. And what takes longer: sleep, a proxy with a limit, a thousand joins."""

import contextlib
import os
import pathlib
import random
import signal
import time

import pytest

import clients
import providers
import relay as roomwire
from test_web_client import BROWSERS, either, names, page_site, proxy, stage  # noqa: F401

pytestmark = pytest.mark.slow


def leaders(tabs):
    return [tab for tab in tabs if tab.state.get("leader")]


def wait_one_leader(tabs):
    def found():
        return len(leaders(tabs)) == 1 and all(tab.state["status"] == "live" for tab in tabs)

    roomwire.wait_until(found, f"one leader, and all live: {[tab.state for tab in tabs]}", step=0.2)
    return leaders(tabs)[0]


def ids_are_exact(tab, count):
    ids = [event["id"] for event in tab.events]
    assert ids == sorted(set(ids), key=clients.order)
    assert len(ids) == count


def crash(tab):
    """Kills the process of a page: nothing of the page runs at its end."""
    tab.run("return 1")
    with contextlib.suppress(Exception):
        tab.browser.driver.set_script_timeout(2)
        tab.browser.driver.execute_cdp_cmd("Page.crash", {})


def test_eight_tabs_have_one_connection_and_outlive_their_leader(stage):
    relay = stage.relay()
    tabs = [stage.tab(relay.port) for _ in range(7)]
    # One wants less, and one room of its own.
    tabs.append(stage.tab(relay.port, rooms=["call_1"], types=["participant_*"]))
    leader = wait_one_leader(tabs)
    roomwire.wait_until(lambda: relay.streams() == 1, "one stream")
    providers.post_meeting(relay, "call_1")
    providers.post_meeting(relay, "call_2")
    for tab in tabs[:-1]:
        tab.wait_type("room_finished", 2)
        ids_are_exact(tab, 12)
    tabs[-1].wait_type("participant_left", 2)
    assert tabs[-1].types == 2 * ["participant_joined"] + 2 * ["participant_left"]
    for turn in (3, 4):
        tabs.remove(leader)
        stage.tabs.remove(leader)
        if turn == 4 and stage.browser.name == "chromium":
            crash(leader)
        else:
            leader.close()
        # While nobody leads, or the next one has just begun.
        providers.post_meeting(relay, f"call_{turn}")
        leader = wait_one_leader(tabs)
        for tab in tabs:
            if tab is not stage.tabs[-1]:
                tab.wait_type("room_finished", turn)
                ids_are_exact(tab, 6 * turn)
    roomwire.wait_until(lambda: relay.streams() == 1, "one stream")


def test_a_leader_that_the_browser_freezes_hands_over_and_follows_when_it_resumes(stage):
    if stage.browser.name == "firefox":
        pytest.skip("Firefox does not freeze pages")
    relay = stage.relay()
    tabs = [stage.tab(relay.port) for _ in range(3)]
    leader = wait_one_leader(tabs)
    others = [tab for tab in tabs if tab is not leader]
    providers.post_meeting(relay, "call_1")
    leader.wait_type("room_finished")
    for turn in (2, 3):
        stage.browser.set_lifecycle(leader.handle, "frozen")
        roomwire.wait_until(lambda: len(leaders(others)) == 1, "another leader")
        providers.post_meeting(relay, f"call_{turn}")
        for tab in others:
            tab.wait_type("room_finished", turn)
            ids_are_exact(tab, 6 * turn)
        # The frozen page holds nothing for itself meanwhile.
        roomwire.wait_until(lambda: relay.streams() == 1, "one stream")
        stage.browser.set_lifecycle(leader.handle, "active")
        leader.wait_type("room_finished", turn)
        assert wait_one_leader(tabs) is not leader
        for tab in tabs:
            ids_are_exact(tab, 6 * turn)
            assert tab.rooms == []
    assert leader.run("return window.lifecycle") == 2 * ["freeze", "resume"]
    roomwire.wait_until(lambda: relay.streams() == 1, "one stream")


def test_a_leader_that_hangs_is_replaced_and_follows_when_it_goes_on(stage):
    relay = stage.relay()
    tabs = [stage.tab(relay.port) for _ in range(3)]
    leader = wait_one_leader(tabs)
    others = [tab for tab in tabs if tab is not leader]
    # Nothing of the page runs meanwhile, and nothing told it before, as in a tab that computes or swaps.
    leader.run("setTimeout(() => { const end = Date.now() + 16000; while (Date.now() < end); }, 50)")
    providers.post_livekit(relay, *providers.meeting("call_1")[:2])
    roomwire.wait_until(lambda: len(leaders(others)) == 1, "another leader", 40)
    providers.post_livekit(relay, *providers.meeting("call_1")[2:])
    for tab in others:
        tab.wait_type("room_finished")
        ids_are_exact(tab, 6)
    leader.wait_type("room_finished")
    ids_are_exact(leader, 6)
    assert wait_one_leader(tabs) is not leader
    providers.post_meeting(relay, "call_2")
    for tab in tabs:
        tab.wait_type("room_finished", 2)
        ids_are_exact(tab, 12)
    roomwire.wait_until(lambda: relay.streams() == 1, "one stream")


def test_a_tab_that_wants_more_than_the_leader_gets_it_from_its_own_place(stage):
    relay = stage.relay()
    first = stage.tab(relay.port, rooms=["call_1"])
    first.wait_status("live")
    second = stage.tab(relay.port, rooms=["call_2"])
    second.wait_status("live")
    wait_one_leader([first, second])
    for number in (1, 2, 3):
        providers.post_meeting(relay, f"call_{number}")
    second.wait_type("room_finished")
    first.wait_type("room_finished")
    second.leave()
    providers.post_meeting(relay, "call_2")
    second.come_back()
    second.wait_type("room_finished")
    assert {event["room"] for event in first.events} == {"call_1"}
    assert {event["room"] for event in second.events} == {"call_2"}
    ids_are_exact(first, 6)
    ids_are_exact(second, 6)


def test_a_filter_that_is_refused_does_not_spoil_the_other_tabs_stream(stage):
    relay = stage.relay()
    good = stage.tab(relay.port)
    good.wait_status("live")
    bad = stage.tab(relay.port, sources=["nowhere"])
    assert bad.wait_status("refused")["reason"] == "bad_query"
    providers.post_meeting(relay, "call_1")
    good.wait_type("room_finished")
    assert good.state["status"] == "live" and {state["status"] for state in good.run("return page.states")} <= {
        "connecting", "live", "catching-up"}


def test_tabs_of_two_users_have_two_connections(stage):
    relay = stage.relay()
    tabs = [stage.tab(relay.port), stage.tab(relay.port, tokens="/token?user=bob&room=call_2")]
    for tab in tabs:
        tab.wait_status("live")
    assert [tab.state["leader"] for tab in tabs] == [True, True]
    providers.post_meeting(relay, "call_1")
    providers.post_meeting(relay, "call_2")
    for tab, count in zip(tabs, (2, 1)):
        tab.wait_type("room_finished", count)
    assert {event["room"] for event in tabs[1].events} == {"call_2"}


def family(pid):
    """A process and all that descend from it."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                found += family(int(child))
    return found


def browser_processes(browser):
    if browser.name == "firefox":
        return family(browser.process.pid)
    driver = browser.driver.service.process.pid
    return [pid for pid in family(driver) if pid != driver]


def test_a_machine_that_slept_goes_on_where_it_was(stage, proxy):
    relay = stage.relay()
    way = proxy(relay)
    tabs = [stage.tab(way.port) for _ in range(2)]
    wait_one_leader(tabs)
    pids = browser_processes(stage.browser)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        # The network forgets the connection meanwhile, and tells nobody.
        providers.post_meeting(relay, "call_1")
        asleep = time.monotonic() + 7
        roomwire.wait_until(lambda: time.monotonic() > asleep, "the end of the night")
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    for tab in tabs:
        tab.wait_type("room_finished")
        ids_are_exact(tab, 6)
    wait_one_leader(tabs)


def test_a_proxy_that_cuts_after_20_seconds_loses_nothing(stage, proxy):
    if stage.browser.name == "firefox":
        pytest.skip("once is enough for something that takes so long")
    relay = stage.relay()
    way = proxy(relay)
    tab = stage.tab(way.port)
    tab.wait_status("live")
    way.cut_every(20)
    ended = time.monotonic() + 24
    meetings = 0
    while time.monotonic() < ended:
        meetings += 1
        providers.post_meeting(relay, f"call_{meetings}")
        tab.wait_type("room_finished", meetings)
        time.sleep(0.5)
    ids_are_exact(tab, 6 * meetings)
    states = tab.run("return page.states")
    assert "polling" not in [state["status"] for state in states] and way.streams >= 2


def shuffled_webhooks(chance, count):
    """Joins, leaves, tracks, recordings, starts and ends of rooms, in an order that a provider may send them."""
    bodies, inside = [], {}
    for number in range(count):
        room = f"room_{chance.randrange(25)}"
        people = inside.setdefault(room, [])
        action = chance.random()
        if action < 0.5 or not people:
            person = f"p{number}"
            people.append(person)
            joined = [providers.livekit_body("participant_joined", room, person)]
            track = providers.livekit_body("track_published", room, person, track={
                "sid": f"TR_{number}", "type": "AUDIO", "source": "MICROPHONE"})
            if chance.random() < 0.5:
                # Tracks may overtake the join.
                joined.insert(chance.randrange(2), track)
            bodies += joined
        elif action < 0.9:
            person = people.pop(chance.randrange(len(people)))
            bodies.append(providers.livekit_body("participant_left", room, person))
            if chance.random() < 0.1:
                bodies.append(providers.livekit_body("track_published", room, person, track={"sid": f"TR_late_{number}"}))
        elif action < 0.95:
            status = chance.choice(["EGRESS_ACTIVE", "EGRESS_COMPLETE"])
            event = "egress_started" if status == "EGRESS_ACTIVE" else "egress_ended"
            bodies.append(providers.livekit_body(event, room, egressInfo={
                "egressId": f"EG_{chance.randrange(5)}", "roomName": room, "status": status,
                "file": {"filename": "a.mp4"}}))
        elif action < 0.98:
            bodies.append(providers.livekit_body("room_started", room))
        else:
            bodies.append(providers.livekit_body("room_finished", room))
            people.clear()
    return bodies


def test_after_a_thousand_joins_and_leaves_the_rooms_are_those_of_the_relay(stage):
    relay = stage.relay()
    bodies = shuffled_webhooks(random.Random(7), 1000)
    providers.post_livekit(relay, *bodies[:300])
    tabs = [stage.tab(relay.port), stage.tab(relay.port, types=["room_started"])]
    wait_one_leader(tabs)
    providers.post_livekit(relay, *bodies[300:700])
    relay.kill()
    relay.start()
    providers.post_livekit(relay, *bodies[700:])
    expected = relay.get("/rooms", roomwire.token()).json()["rooms"]
    assert len(expected) > 10 and any(room["recordings"] for room in expected)
    assert any(person["tracks"] for room in expected for person in room["participants"])
    for tab in tabs:
        tab.wait(lambda tab: tab.rooms == expected, "the rooms")
    assert set(tabs[1].types) <= {"room_started"}
    # What did not change is the same object still.
    kept = tabs[0].run("window.kept = page.client.rooms.get(); return kept.length")
    providers.post_livekit(relay, providers.livekit_body("participant_joined", expected[0]["name"], "last"))
    tabs[0].wait(lambda tab: tab.run("return page.client.rooms.get() !== kept"), "a change")
    same = tabs[0].run("return page.client.rooms.get().filter((room) => kept.includes(room)).length")
    assert same == kept - 1
