"""A provider with a memory: one model of rooms that posts signed webhooks and answers the provider's API.

The messages are LiveKit's own protobufs, and its tokens are verified with LiveKit's own code.
"""

import contextlib
import datetime
import http.server
import json
import threading
import time

import jwt
from google.protobuf import json_format
from livekit import api
from livekit.protocol import models, room as room_service, webhook

import providers
import relay as roomwire

DAILY_KEY = "0123456789abcdef-a-test-key-of-daily"
TRACKS = (("MICROPHONE", "AUDIO"), ("CAMERA", "VIDEO"), ("SCREEN_SHARE", "VIDEO"))
NAMES = ("standup", "a room with blanks", "sales/eu/*", "naïve \U0001F600 \"quoted\"", "plain")


def milliseconds():
    return time.time_ns() // 1_000_000


class Room:
    def __init__(self, name, sid, started):
        self.name, self.sid, self.started = name, sid, started
        self.people = {}


class Person:
    def __init__(self, sid, identity, joined):
        self.sid, self.identity, self.joined = sid, identity, joined
        self.tracks = {}
        self.state = "ACTIVE"


class Model:
    """The rooms of a provider. Every change returns the bodies of its webhooks, in order."""

    def __init__(self, random, skew=0):
        self.random = random
        self.rooms = {}
        self.lock = threading.RLock()
        self.number = 0
        # How far the provider's clock is ahead, in milliseconds.
        self.skew = skew
        # What the provider tells instead of the number of participants.
        self.lie = None

    def now(self):
        return milliseconds() + self.skew

    def next_id(self, prefix):
        self.number += 1
        return f"{prefix}_{self.random.getrandbits(40):010x}{self.number}"

    def open(self, name):
        with self.lock:
            room = self.rooms[name] = Room(name, self.next_id("RM"), self.now())
            return [self.body("room_started", room)]

    def close(self, name):
        with self.lock:
            room = self.rooms.pop(name)
            bodies = [self.body("participant_left", room, person) for person in room.people.values()]
            return bodies + [self.body("room_finished", room)]

    def join(self, name, identity=None):
        with self.lock:
            room = self.rooms[name]
            sid = self.next_id("PA")
            person = room.people[sid] = Person(sid, identity or f"user-{self.random.randrange(20)}", self.now())
            return [self.body("participant_joined", room, person)]

    def leave(self, name, sid):
        with self.lock:
            room = self.rooms[name]
            return [self.body("participant_left", room, room.people.pop(sid))]

    def publish(self, name, sid):
        with self.lock:
            room = self.rooms[name]
            person = room.people[sid]
            track = self.next_id("TR")
            person.tracks[track] = self.random.choice(TRACKS)
            return [self.body("track_published", room, person, track)]

    def unpublish(self, name, sid):
        with self.lock:
            room = self.rooms[name]
            person = room.people[sid]
            track = next(iter(person.tracks))
            body = self.body("track_unpublished", room, person, track)
            del person.tracks[track]
            return [body]

    def step(self):
        """One change of any kind, chosen by the seed."""
        with self.lock:
            closed = [name for name in NAMES if name not in self.rooms]
            people = [(room.name, person) for room in self.rooms.values() for person in room.people.values()]
            if closed and (not self.rooms or self.random.random() < 0.15):
                return self.open(self.random.choice(closed))
            chance = self.random.random()
            if not people or chance < 0.4:
                return self.join(self.random.choice(sorted(self.rooms)))
            name, person = self.random.choice(people)
            if chance < 0.6:
                return self.leave(name, person.sid)
            if chance < 0.8:
                return self.publish(name, person.sid)
            if chance < 0.9 and person.tracks:
                return self.unpublish(name, person.sid)
            if chance > 0.95:
                # Another session under the same name.
                return self.close(name) + (self.open(name) if self.random.random() < 0.5 else [])
            return self.join(name)

    # What the relay should show

    def state(self):
        """Who is where: rooms by name, with the session's id and the participants' tracks."""
        with self.lock:
            return {
                room.name: (room.sid, {person.sid: sorted(person.tracks) for person in room.people.values()})
                for room in self.rooms.values()
            }

    # Messages

    def room_message(self, room):
        return models.Room(
            sid=room.sid, name=room.name, creation_time=room.started // 1000, creation_time_ms=room.started,
            num_participants=len(room.people) if self.lie is None else self.lie)

    def person_message(self, person, state=None):
        return models.ParticipantInfo(
            sid=person.sid, identity=person.identity, name=person.identity.title(), joined_at=person.joined // 1000,
            joined_at_ms=person.joined, state=models.ParticipantInfo.State.Value(state or person.state),
            permission=models.ParticipantPermission(can_subscribe=True, can_publish=True),
            metadata=json.dumps({"password": "secret-of-a-person"}),
            tracks=[self.track_message(sid, kind) for sid, kind in person.tracks.items()])

    def track_message(self, sid, kind):
        return models.TrackInfo(
            sid=sid, source=models.TrackSource.Value(kind[0]), type=models.TrackType.Value(kind[1]))

    def body(self, event, room, person=None, track=None):
        message = webhook.WebhookEvent(
            event=event, id=self.next_id("EV"), created_at=self.now() // 1000, room=self.room_message(room))
        if person:
            message.participant.CopyFrom(
                self.person_message(person, "DISCONNECTED" if event == "participant_left" else None))
        if track:
            message.track.CopyFrom(self.track_message(track, person.tracks[track]))
            message.participant.CopyFrom(models.ParticipantInfo(sid=person.sid, identity=person.identity))
            message.room.CopyFrom(models.Room(sid=room.sid, name=room.name))
        return json_format.MessageToJson(message, indent=None).encode()


class DailyModel(Model):
    """The same with Daily's messages. Participants have no tracks, and rooms without participants are not listed."""

    def publish(self, name, sid):
        return []

    def state(self):
        return {name: state for name, state in super().state().items() if state[1]}

    def open(self, name):
        bodies = super().open(name)
        return bodies + self.join(name)

    def leave(self, name, sid):
        with self.lock:
            bodies = super().leave(name, sid)
            return bodies if self.rooms[name].people else bodies + self.close(name)

    def body(self, event, room, person=None, track=None):
        seconds = self.now() / 1000
        types = {
            "room_started": "meeting.started", "room_finished": "meeting.ended",
            "participant_joined": "participant.joined", "participant_left": "participant.left",
        }
        payload = {"room": room.name}
        if person:
            payload |= {
                "session_id": person.sid, "user_id": person.identity, "user_name": person.identity.title(),
                "joined_at": person.joined / 1000,
            }
            if event == "participant_left":
                payload["duration"] = max(0, seconds - person.joined / 1000)
        else:
            payload |= {"meeting_id": room.sid, "start_ts": room.started / 1000}
            if event == "room_finished":
                payload["end_ts"] = seconds
        return json.dumps({
            "version": "1.0.0", "type": types[event], "id": self.next_id("ev"), "payload": payload, "event_ts": seconds,
        }).encode()

    def presence(self):
        with self.lock:
            return {
                room.name: [
                    {
                        "room": room.name, "id": person.sid, "userId": person.identity,
                        "userName": person.identity.title(), "mtgSessionId": room.sid,
                        "joinTime": roomwire.iso(person.joined // 1000 * 1000), "duration": 5,
                    }
                    for person in room.people.values()
                ]
                for room in self.rooms.values() if room.people
            }


class Service(http.server.ThreadingHTTPServer):
    """A provider's API on a port of its own. It notes what it was asked; `answer` may replace what it would say."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, model):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.model = model
        self.asked = []
        self.tokens = []
        self.released = threading.Event()
        # Called with (method, path, body); returns None, or (status, headers, bytes).
        self.answer = None
        # Tells the server's own time in milliseconds; None if it is the one in its messages.
        self.date = None
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def count(self, path=""):
        return sum(path in asked for asked in self.asked)

    def stop(self):
        self.released.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass  # Clients that hang up are what is tested.

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def log_message(self, *_):
            pass

        def date_time_string(self, timestamp=None):
            date = self.server.date() if self.server.date else self.server.model.now()
            return super().date_time_string(date / 1000)

        def do_GET(self):
            self.serve("GET")

        def do_POST(self):
            self.serve("POST")

        do_PUT = do_DELETE = do_HEAD = do_PATCH = do_GET

        def serve(self, method):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.server.asked.append(f"{method} {self.path}")
            with contextlib.suppress(OSError):
                special = self.server.answer and self.server.answer(method, self.path, body)
                self.reply(*(special or self.server.respond(self, method, body)))

        def reply(self, status, headers, body):
            self.send_response(status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
            for name, value in headers.items():
                if value is not None:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)


class LiveKitService(Service):
    """RoomService over Twirp: JSON with the names of the .proto files and all default values."""

    source, path = "livekit", "/twirp/livekit.RoomService/"
    # Whether the JSON has camelCase names and no default values, as proto3 allows as well.
    is_terse = False

    @property
    def settings(self):
        return {"url": self.url}

    def twirp_error(self, status, code, message):
        return status, {}, json.dumps({"code": code, "msg": message, "meta": {}}).encode()

    def claims(self, handler):
        scheme, _, token = (handler.headers.get("Authorization") or "").partition(" ")
        if scheme != "Bearer":
            return None
        with contextlib.suppress(Exception):
            # The times are judged by the provider's clock, as LiveKit's server does, with its leeway of a minute.
            verifier = api.TokenVerifier(
                roomwire.LIVEKIT_KEY, roomwire.LIVEKIT_SECRET, leeway=datetime.timedelta(days=2))
            claims = verifier.verify(token)
            times = jwt.decode(token, options={"verify_signature": False})
            now = (self.model.now() if self.date is None else self.date()) / 1000
            if times["nbf"] - 60 <= now < times["exp"] + 60:
                self.tokens.append(token)
                return claims
        return None

    def respond(self, handler, method, body):
        claims = self.claims(handler)
        if claims is None:
            return self.twirp_error(401, "unauthenticated", "invalid token")
        if method != "POST" or not handler.path.startswith(self.path):
            return self.twirp_error(404, "bad_route", "no handler for path")
        request = json.loads(body)
        video = claims.video
        with self.model.lock:
            match handler.path.removeprefix(self.path):
                case "ListRooms":
                    if not video or not video.room_list:
                        return self.twirp_error(401, "unauthenticated", "permissions denied")
                    rooms = [self.model.room_message(room) for room in self.model.rooms.values()]
                    return self.message(room_service.ListRoomsResponse(rooms=rooms))
                case "ListParticipants":
                    if not video or not video.room_admin or video.room != request["room"]:
                        return self.twirp_error(401, "unauthenticated", "permissions denied")
                    room = self.model.rooms.get(request["room"])
                    if room is None:
                        return self.twirp_error(404, "not_found", "requested room does not exist")
                    people = [self.model.person_message(person) for person in room.people.values()]
                    return self.message(room_service.ListParticipantsResponse(participants=people))
        return self.twirp_error(404, "bad_route", "no handler for path")

    def message(self, message):
        rest = {} if self.is_terse else {
            "preserving_proto_field_name": True, "always_print_fields_with_no_presence": True,
        }
        return 200, {}, json_format.MessageToJson(message, indent=None, **rest).encode()


class DailyService(Service):
    source, path = "daily", "/v1/presence"

    @property
    def settings(self):
        return {"url": self.url + "/v1", "api_key": DAILY_KEY}

    def respond(self, handler, method, body):
        if handler.headers.get("Authorization") != f"Bearer {DAILY_KEY}":
            return 401, {}, b'{"error":"authentication-error"}'
        if (method, handler.path) != ("GET", "/v1/presence"):
            return 404, {}, b'{"error":"not-found"}'
        return 200, {}, json.dumps(self.model.presence()).encode()


HEADERS = {"livekit": providers.livekit_headers, "daily": providers.daily_headers}


def config(service, every="1s", grace="1s", **changes):
    """Settings of a relay that asks this service."""
    settings = roomwire.settings()
    settings["sources"][service.source]["reconcile"] = {**service.settings, "every": every, "grace": grace}
    settings["sources"][service.source]["redact"] = ["password"]
    return {**settings, **changes}


def relay_state(relay):
    """What the relay shows, in the form of the model's state."""
    answer = relay.get("/rooms", roomwire.token())
    assert answer.status_code == 200, answer.text
    return {
        room["name"]: (
            room.get("id"),
            {person["id"]: sorted(track["id"] for track in person["tracks"]) for person in room["participants"]})
        for room in answer.json()["rooms"]
    }


def journal(relay):
    """Every event in the journal, in order."""
    events, after = [], "0"
    while True:
        answer = relay.get(f"/events?format=json&lastEventId={after}", roomwire.token())
        assert answer.status_code == 200, answer.text
        page = answer.json()
        events += page["events"]
        if not page["events"]:
            return events
        after = page["events"][-1]["id"]


def passes(relay, source, outcome="ok"):
    return relay.metric(f'roomwire_reconcile_passes_total{{source="{source}",outcome="{outcome}"}}')
