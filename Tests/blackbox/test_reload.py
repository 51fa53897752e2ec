"""SIGHUP: settings change while streams stay."""

import datetime
import json
import signal

import pytest
import standardwebhooks

import clients
import providers
import relay as roomwire

NEW_SECRET = "whsec_bmV3IHNlY3JldCBvZiB0aGUgYmFja2VuZCwgbG9uZw=="
NEW_TOKEN_SECRET = "another test secret with more than 32 bytes in it"


def outcome(relay, word):
    return relay.metric(f'roomwire_reloads_total{{outcome="{word}"}}')


def reload(relay, config, word="applied"):
    """Writes the settings, sends the signal and waits for what comes of it."""
    before = outcome(relay, word)
    text = config if isinstance(config, str) else json.dumps(config, indent=2)
    (relay.folder / "roomwire.yaml").write_text(text)
    relay.process.send_signal(signal.SIGHUP)
    roomwire.wait_until(lambda: outcome(relay, word) > before, f"a reload to be {word}:\n{relay.said()}")


def post_signed(relay, secret, id):
    body = json.dumps({"type": "call.ringing", "room": "call_42"}).encode()
    now = datetime.datetime.now(datetime.timezone.utc)
    headers = {"webhook-id": id, "webhook-timestamp": str(int(now.timestamp())),
               "webhook-signature": standardwebhooks.Webhook(secret).sign(id, now, body.decode())}
    return relay.post("app", headers, body).status_code


def with_secrets(*secrets, **changes):
    config = roomwire.settings(**changes)
    config["sources"]["app"]["secrets"] = list(secrets)
    return config


def test_a_secret_is_rotated_without_a_moment_in_which_webhooks_fail(start):
    relay = start(with_secrets(roomwire.STANDARD_SECRET))
    stream = clients.subscribe(relay)
    assert post_signed(relay, roomwire.STANDARD_SECRET, "1") == 200
    assert post_signed(relay, NEW_SECRET, "2") == 401
    reload(relay, with_secrets(roomwire.STANDARD_SECRET, NEW_SECRET))
    assert post_signed(relay, roomwire.STANDARD_SECRET, "3") == 200
    assert post_signed(relay, NEW_SECRET, "4") == 200
    reload(relay, with_secrets(NEW_SECRET))
    assert post_signed(relay, roomwire.STANDARD_SECRET, "5") == 401
    assert post_signed(relay, NEW_SECRET, "6") == 200
    # The stream of before has seen it all.
    stream.wait_events(4)
    assert stream.is_open()
    roomwire.wait_until(lambda: relay.metric("roomwire_deliveries_total") == 4, "the count of deliveries")
    assert relay.metric("roomwire_streams_accepted_total") == 1
    assert "changed sources.app" in relay.said()
    assert NEW_SECRET not in relay.said() and roomwire.STANDARD_SECRET not in relay.said()


def test_old_and_new_token_secrets_overlap(start):
    def issuers(*secrets):
        return {"issuers": [{"name": f"own{n}", "hs256": secret} for n, secret in enumerate(secrets)]}

    relay = start(tokens=issuers(roomwire.TOKEN_SECRET))
    def answers():
        tokens = (roomwire.token(), roomwire.token(secret=NEW_TOKEN_SECRET))
        return [relay.get("/rooms", token).status_code for token in tokens]

    stream = clients.subscribe(relay)
    assert answers() == [200, 401]
    reload(relay, roomwire.settings(tokens=issuers(roomwire.TOKEN_SECRET, NEW_TOKEN_SECRET)))
    assert answers() == [200, 200]
    reload(relay, roomwire.settings(tokens=issuers(NEW_TOKEN_SECRET)))
    assert answers() == [401, 200]
    providers.post_meeting(relay)
    assert stream.wait_for("room_finished")


def test_caps_origins_sources_and_the_level_follow_the_file(start):
    relay = start(streams={"per_user": 0, "total": 100})
    assert relay.metric("roomwire_streams_limit") == 100
    streams = [clients.subscribe(relay) for _ in range(3)]
    origin = {"Origin": "https://dash.example.com"}
    assert "Access-Control-Allow-Origin" not in relay.get("/rooms", roomwire.token(), headers=origin).headers
    config = roomwire.settings(
        streams={"per_user": 3, "heartbeat": "300ms", "total": 200}, cors={"origins": ["https://dash.example.com"]},
        log_level="debug")
    config["sources"]["second"] = {"provider": "standard", "secrets": [NEW_SECRET]}
    reload(relay, config)
    assert relay.metric("roomwire_streams_limit") == 200
    assert clients.Stream(relay, "refuse=http", roomwire.token()).status == 429
    allowed = relay.get("/rooms", roomwire.token(), headers=origin).headers
    assert allowed["Access-Control-Allow-Origin"] == "https://dash.example.com"
    assert clients.subscribe(relay, token=roomwire.token("bob")).control("connected")["heartbeatMs"] == 300
    assert relay.metric('roomwire_webhooks_total{source="second",outcome="accepted"}') == 0
    assert 'source="second"' in roomwire.requests.get(relay.base + "/metrics", timeout=30).text
    roomwire.wait_until(lambda: '"path":"/metrics"' in relay.said(), "a line at the level debug")
    # Streams over a cap that is lower now stay.
    assert all(stream.is_open() for stream in streams)


def test_a_shorter_retention_is_kept_at_once(start):
    relay = start()
    for number in range(5):
        providers.post_meeting(relay, f"call_{number}")
    assert relay.metric("roomwire_events_total") == 30
    reload(relay, roomwire.settings(log={"retention": {"events": 4}}))
    roomwire.wait_until(lambda: relay.metric("roomwire_journal_events") == 4, "the log to be trimmed")


@pytest.mark.parametrize("text, words", [
    ("streams:\n  per_usr: 5\n", ["roomwire.yaml:2", "per_usr"]),
    ("streams: [", ["roomwire.yaml"]),
    ('sources:\n  app: {provider: standard, secrets: ["whsec_***"]}\n', ["sources.app"]),
], ids=["unknown_key", "no_yaml", "bad_secret"])
def test_a_bad_file_is_refused_with_the_reason_and_changes_nothing(start, text, words):
    relay = start()
    stream = clients.subscribe(relay)
    reload(relay, text, "refused")
    roomwire.wait_until(
        lambda: any(line["level"] == "error" and all(word in line["message"] for word in words)
                    for line in relay.log_lines()), f"{words} in the log: {relay.said()}")
    providers.post_meeting(relay)
    assert stream.wait_for("room_finished")
    # A good file afterwards is taken again.
    reload(relay, roomwire.settings(streams={"per_user": 1}))
    assert clients.Stream(relay, "refuse=http", roomwire.token()).status == 429


def test_what_needs_a_restart_is_said_and_the_rest_is_taken(start):
    relay = start(loops=1)
    reload(relay, roomwire.settings(loops=2, streams={"per_user": 1}, log={"durability": "normal"}))
    for key in ("loops", "log.durability"):
        assert any(line["level"] == "warning" and line["message"].startswith(f"{key} was changed")
                   and "restart" in line["message"] for line in relay.log_lines()), relay.said()
    with clients.subscribe(relay):
        assert clients.Stream(relay, "refuse=http", roomwire.token()).status == 429


def test_many_signals_at_once_harm_nothing(start):
    relay = start()
    stream = clients.subscribe(relay)
    (relay.folder / "roomwire.yaml").write_text(json.dumps(roomwire.settings(streams={"per_user": 1})))
    for _ in range(50):
        relay.process.send_signal(signal.SIGHUP)
    roomwire.wait_until(lambda: "changed streams.per_user" in relay.said(), "a reload")
    providers.post_meeting(relay)
    assert stream.wait_for("room_finished")
