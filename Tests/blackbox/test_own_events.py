"""A backend publishes its own events with a Standard Webhooks library; a database does with its webhooks."""

import json

import clients
import providers
import relay as roomwire


def publish(relay, id, **event):
    body = json.dumps(event).encode()
    return relay.post("app", providers.standard_headers(body, id), body)


def test_a_call_reaches_only_those_it_names(shared, room):
    everybody = roomwire.token("eve", rooms=["*"])
    with (
        clients.subscribe(shared, "type=call.*", roomwire.token("ada", rooms=[])) as ada,
        clients.subscribe(shared, "type=call.*", roomwire.token("bob", rooms=[])) as bob,
        clients.subscribe(shared, "type=call.*", everybody) as eve,
    ):
        life = [("call.ringing", ["bob"]), ("call.accepted", ["ada", "bob"]), ("call.ended", ["ada", "bob"])]
        for number, (kind, users) in enumerate(life):
            assert publish(shared, f"{room}{number}", type=kind, room=room, users=users).status_code == 200
        assert publish(shared, f"{room}9", type="call.note", room=room).status_code == 200
        eve.wait_events(1)
        ada.wait_for("call.ended")
        bob.wait_for("call.ended")
        assert [event["type"] for event in ada.events] == ["call.accepted", "call.ended"]
        assert [event["type"] for event in bob.events] == ["call.ringing", "call.accepted", "call.ended"]
        assert [event["type"] for event in eve.events] == ["call.note"]
        assert all("users" not in event for event in bob.events)


def test_a_type_that_is_no_type_is_refused_after_a_good_signature(shared, room):
    assert publish(shared, room, type="no blanks please", room=room).status_code == 400


def test_rows_of_a_database_become_events(start):
    relay = start(sources={"db": {
        "provider": "supabase", "secrets": ["database-secret"], "room_column": "room", "users_columns": "user_id"}})
    row = {"id": 1, "room": "call_9", "user_id": "ada", "state": "away"}
    body = json.dumps({"type": "INSERT", "table": "presence", "schema": "public", "record": row,
                       "old_record": None}).encode()
    with clients.subscribe(relay, "", roomwire.token("ada")) as ada:
        assert relay.post("db", {"x-webhook-secret": "wrong"}, body).status_code == 401
        assert relay.post("db", {"x-webhook-secret": "database-secret"}, body).status_code == 200
        ada.wait_events(1)
        event = ada.events[0]
        assert (event["type"], event["room"]) == ("presence.insert", "call_9")
        assert event["data"]["record"]["state"] == "away"
