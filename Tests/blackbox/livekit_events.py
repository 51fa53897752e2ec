"""Webhooks of LiveKit made at random out of the protobufs that LiveKit publishes: every field of every message may be set.

What is made is the JSON that LiveKit's protojson may write, and what protobuf's rules for JSON allow besides: 64-bit
integers as text or numbers, enums by name or number, names in camelCase or as in the .proto file, defaults written or
left out, and members and names of enums that a newer version may have.
"""

import json

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from livekit.protocol import webhook

NAMES = [
    "room_started", "room_finished", "participant_joined", "participant_left", "participant_connection_aborted",
    "track_published", "track_unpublished", "egress_started", "egress_updated", "egress_ended", "ingress_started",
    "ingress_ended", "agent_job_started", "agent_job_ended", "room_levitated", "",
]

TEXTS = [
    "", "a", "ada", "Zoë Müller", "Łąka", "Михаил", "👩‍👩‍👧", "e\u0301", "two\u2028lines", "next\u0085line\u2029",
    "tab\tquote\"back\\slash/", "new\nline\r", "nul\x00bell\x07", "\u202eright to left", "<script>&amp;", "data: x\n\nid: 9",
    "long " + "ö" * 700, '{"role":"host","n":[1,2.5e3]}', "null", "0", " blank ", "ﬀ\ufffd\U0010ffff",
]

# Addresses of streams with what may be seen of them: a key may be any part of the path.
STREAM_URLS = {
    "rtmp://live.example/app/key-1": "rtmp://live.example/[redacted]",
    "rtmps://user:pass@live.example:443/app/key-2": "rtmps://live.example:443/[redacted]",
    "srt://ingest.example:9000?streamid=key-3": "srt://ingest.example:9000/[redacted]",
    "wss://live.example": "wss://live.example",
    "mux://key-4": "mux://[redacted]",
    "no address, key-5": "[redacted]",
}

# Where files lie, with what may be seen of it: neither who signs nor a scheme that is not the web's.
LOCATIONS = {
    "https://files.example/räume/a.mp4": "https://files.example/räume/a.mp4",
    "https://files.example/a.mp4?X-Amz-Signature=key-6#f": "https://files.example/a.mp4",
    "https://user:key-7@files.example/b.mp4": "https://files.example/b.mp4",
    "s3://bucket/key-8.mp4": "s3://[redacted]",
    "räume/2026/c.mp4": "räume/2026/c.mp4",
}

ERRORS = {
    "could not connect": "could not connect",
    "dial rtmp://live.example/app/key-9: timeout": "dial rtmp://live.example/[redacted] timeout",
    "Zeitüberschreitung\u2028": "Zeitüberschreitung\u2028",
}

ATTRIBUTES = ["team", "größe", "", "👍", "sip.callID", "sip.phoneNumber", "sip.h.x-customer", "api_token", "a\u2028b"]

# Past, present, none, and what is no time that ISO 8601 can write.
SECONDS = [0, 1, 1_700_000_000, 1_790_000_000, 253_402_300_799, 253_402_300_800, 2 ** 53 + 1, 2 ** 63 - 1, -5]
MILLISECONDS = [0, 1, 1_700_000_000_123, 1_790_000_000_999, 2 ** 53 + 1, 2 ** 63 - 1, -5]
NANOSECONDS = [0, 1, 999_999, 1_700_000_000_123_456_789, 1_790_000_000_999_999_999, 2 ** 63 - 1, -5]
NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32: [0, 1, -1, 7, 2 ** 31 - 1, -(2 ** 31)],
    FieldDescriptor.CPPTYPE_UINT32: [0, 1, 7, 1920, 2 ** 32 - 1],
    FieldDescriptor.CPPTYPE_INT64: [0, 1, -1, 2 ** 53 + 1, 2 ** 63 - 1, -(2 ** 63), 60_000_000_000, 1_234_567_890],
    FieldDescriptor.CPPTYPE_UINT64: [0, 1, 2 ** 53 + 1, 2 ** 63 - 1],
    FieldDescriptor.CPPTYPE_FLOAT: [0, 0.5, -2],
    FieldDescriptor.CPPTYPE_DOUBLE: [0, 0.5, 29.97, 1e21, -2],
}

DEEPEST = 5


class Made:
    """One webhook: its body, the message that protobuf reads from it, and names of enums that protobuf does not know."""

    def __init__(self, chance, number):
        message = webhook.WebhookEvent()
        # Some say nearly everything, some nearly nothing.
        self.density = chance.choice([0.15, 0.5, 0.8, 1])
        self.unknown = {}
        self.chance = chance
        self.fill(message, 0)
        message.event = NAMES[number % len(NAMES)]
        self.adopt(message, number)
        as_json = json_format.MessageToDict(
            message, preserving_proto_field_name=chance.random() < 0.2,
            always_print_fields_with_no_presence=chance.random() < 0.2)
        self.decorate(as_json, message.DESCRIPTOR, ())
        text = json.dumps(
            as_json, ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, None, 1]),
            separators=chance.choice([(",", ":"), (" , ", " : ")]))
        self.body = text.encode()
        self.message = json_format.Parse(text, webhook.WebhookEvent(), ignore_unknown_fields=True)

    def adopt(self, message, number):
        """A name of its own for each room, so that no event changes how the relay sees another one."""
        message.id = f"EV_{number}"
        for holder in (message, message.job):
            if holder.HasField("room") and holder.room.name:
                holder.room.name = f"{number} {holder.room.name[:200]}"
        for info in (message.egress_info, message.ingress_info):
            if info.room_name:
                info.room_name = f"{number} {info.room_name[:200]}"

        if message.HasField("egress_info") and self.chance.random() < 0.4:
            self.leave_streams(message.egress_info)

    def leave_streams(self, info):
        """Without files: at random nearly every egress has some."""
        for name in ("egress", "replay", "web", "participant", "track_composite", "track", "file", "segments",
                     "file_results", "segment_results", "image_results"):
            info.ClearField(name)
        for name in ("file", "segments", "file_outputs", "segment_outputs", "image_outputs"):
            info.room_composite.ClearField(name)
        info.room_composite.stream_outputs.add(protocol=self.chance.choice([0, 1, 2]), urls=[*STREAM_URLS][:2])

    # A message's fields

    def fill(self, message, depth):
        for field in message.DESCRIPTOR.fields:
            if self.chance.random() > self.density:
                continue
            if field.message_type and field.message_type.GetOptions().map_entry:
                self.fill_map(getattr(message, field.name), field)
            elif field.message_type:
                self.fill_messages(message, field, depth)
            elif field.is_repeated:
                getattr(message, field.name).extend(self.value(field) for _ in range(self.chance.randrange(3)))
            else:
                setattr(message, field.name, self.value(field))

    def fill_map(self, entries, field):
        value = field.message_type.fields_by_name["value"]
        if value.message_type:
            return
        for _ in range(self.chance.randrange(5)):
            name = self.chance.choice(ATTRIBUTES)
            entries[name] = self.value(value)

    def fill_messages(self, message, field, depth):
        if depth == DEEPEST or field.message_type.file.package != "livekit":
            return
        if field.is_repeated:
            for _ in range(self.chance.randrange(3)):
                self.fill(getattr(message, field.name).add(), depth + 1)
        else:
            inner = getattr(message, field.name)
            inner.SetInParent()
            self.fill(inner, depth + 1)

    def value(self, field):
        if field.enum_type:
            known = [value.number for value in field.enum_type.values]
            return self.chance.choice([*known, self.chance.choice([0, 99, 2 ** 31 - 1])])
        kind = field.cpp_type
        if kind == FieldDescriptor.CPPTYPE_BOOL:
            return self.chance.random() < 0.5
        if kind == FieldDescriptor.CPPTYPE_STRING:
            if field.type == FieldDescriptor.TYPE_BYTES:
                return bytes(self.chance.randrange(256) for _ in range(5))
            return self.chance.choice(self.texts(field))
        if kind == FieldDescriptor.CPPTYPE_INT64 and field.name.endswith(("_at", "_at_ms", "_time", "_time_ms")):
            return self.chance.choice(self.times(field))
        return self.chance.choice(NUMBERS[kind])

    def texts(self, field):
        if field.full_name == "livekit.StreamInfo.url":
            return [*STREAM_URLS]
        if field.name.endswith("location"):
            return ["", *LOCATIONS]
        if field.name in ("error", "details"):
            return ["", *ERRORS]
        return TEXTS

    def times(self, field):
        if field.name.endswith("_ms"):
            return MILLISECONDS
        owner = field.containing_type.name
        return SECONDS if owner in ("WebhookEvent", "Room", "ParticipantInfo") else NANOSECONDS

    # The JSON of it

    def decorate(self, members, descriptor, path):
        """Writes what protobuf's JSON may write differently, and adds what a newer version may have."""
        for field in descriptor.fields:
            for name in {field.json_name, field.name} & members.keys():
                is_map = field.message_type and field.message_type.GetOptions().map_entry
                if not is_map:
                    members[name] = self.decorated(members[name], field, (*path, field.name))
        if self.chance.random() < 0.2:
            members[self.chance.choice(["ofTomorrow", "of_tomorrow", "größe", "\u2028"])] = self.chance.choice(
                [None, True, 1.5, "x", [], [{"a": None}], {"sid": {"name": [1]}}])

    def decorated(self, value, field, path):
        if isinstance(value, list):
            return [self.decorated(each, field, (*path, place)) for place, each in enumerate(value)]
        if field.message_type:
            if field.message_type.file.package == "livekit":
                self.decorate(value, field.message_type, path)
        elif field.enum_type:
            return self.enum(value, field, path)
        elif field.cpp_type == FieldDescriptor.CPPTYPE_INT64 and self.chance.random() < 0.3:
            return int(value)
        return value

    def enum(self, value, field, path):
        if self.chance.random() < 0.05:
            # Protobuf passes over a name that it does not know, and the relay passes it on.
            self.unknown[path] = "OF_TOMORROW"
            return "OF_TOMORROW"
        known = field.enum_type.values_by_name
        return known[value].number if value in known and self.chance.random() < 0.2 else value
