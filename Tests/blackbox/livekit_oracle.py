"""What an event of the relay has to say of a webhook of LiveKit, read from LiveKit's protobufs.

It is written from LiveKit's documentation and from the relay's, not from the relay's code.
"""

import relay as roomwire
from livekit.protocol import agent, egress, ingress, models
from livekit_events import ERRORS, LOCATIONS, STREAM_URLS

SIMPLE = {
    "room_started", "room_finished", "participant_joined", "participant_left", "participant_connection_aborted",
    "track_published", "track_unpublished", "ingress_started", "ingress_ended", "agent_job_started", "agent_job_ended",
}
SHOWN_OF_CALLS = {"sip.callID", "sip.callIDFull", "sip.callStatus", "sip.callTag", "sip.ruleID", "sip.trunkID"}
YEAR_10000 = 253_402_300_800_000


def present(**members):
    """What is absent stays absent: no null, and no empty text."""
    return {name: value for name, value in members.items() if value is not None and value != ""}


def milliseconds(value, per_second):
    """A time in a unit of which so many make a second; None for what is none."""
    time = value * 1000 // per_second
    return time if 0 < time < YEAR_10000 else None


def iso(time):
    return None if time is None else roomwire.iso(time)


def span(start, end):
    return None if start is None or end is None else max(0, end - start) / 1000


class Reading:
    """The relay's event of one webhook: `type`, `room`, `timestamp` (None where it is the time of receipt), `data`."""

    def __init__(self, message, unknown):
        self.message = message
        self.unknown = unknown
        self.type = message.event if message.event in SIMPLE else "unknown"
        self.created = self.timestamp = milliseconds(message.created_at, 1)
        self.data = present(providerEvent=message.event, numDropped=message.num_dropped or None)
        self.room_name = None
        self.read_room(message)
        self.read_participant(("participant",), message)
        if message.HasField("track") and message.track.sid:
            self.data["track"] = self.track(message.track)
        if message.HasField("egress_info"):
            self.read_egress(message.egress_info)
        if message.HasField("ingress_info"):
            self.read_ingress(message.ingress_info)
        if message.HasField("job"):
            self.read_job(message.job)
        self.finish()
        self.room = self.data.get("room", {}).get("name")
        # A reader of a type finds what the type is about.
        about = {"agent": "job"}.get(self.type.split("_")[0], self.type.split("_")[0])
        if self.type != "unknown" and about not in self.data:
            self.type = "unknown"

    def word(self, enum, value, *path, prefix=""):
        """An enum's value in the relay's words: in lower case and without its prefix, and a number by itself."""
        if path in self.unknown:
            return self.unknown[path].lower()
        if value not in enum.values():
            return str(value)
        return enum.Name(value).removeprefix(prefix).lower()

    def adopt_time(self, time):
        if time is not None:
            self.timestamp = time

    # Room, participant, track

    def read_room(self, holder):
        room = holder.room
        if not holder.HasField("room") or not room.name or "room" in self.data:
            return
        self.started = milliseconds(room.creation_time_ms, 1000) or milliseconds(room.creation_time, 1)
        self.data["room"] = present(name=room.name, id=room.sid, startedAt=iso(self.started), metadata=room.metadata)

    def read_participant(self, path, holder):
        person = holder.participant
        if not holder.HasField("participant") or not person.sid or "participant" in self.data:
            return
        self.joined = milliseconds(person.joined_at_ms, 1000) or milliseconds(person.joined_at, 1)
        reason = self.word(models.DisconnectReason, person.disconnect_reason, *path, "disconnect_reason")
        self.data["participant"] = present(
            id=person.sid, identity=person.identity, name=person.name, metadata=person.metadata,
            kind=self.word(models.ParticipantInfo.Kind, person.kind, *path, "kind"), joinedAt=iso(self.joined),
            leaveReason=None if reason == "unknown_reason" else reason)
        # The numbers of callers and the headers of their calls are private, and what is called a token is a secret.
        attributes = {
            name: "[redacted]" if name == "api_token" else value for name, value in person.attributes.items()
            if not name.startswith("sip.") or name in SHOWN_OF_CALLS}
        if attributes:
            self.data["participant"]["attributes"] = attributes
        if person.HasField("permission"):
            self.data["participant"]["permissions"] = person.permission

    def track(self, track):
        source = self.word(models.TrackSource, track.source, "track", "source")
        return present(
            id=track.sid, kind=self.word(models.TrackType, track.type, "track", "type"), muted=track.muted,
            source=None if source == "unknown" else source, name=track.name, mimeType=track.mime_type)

    def finish(self):
        """The times of a stay and of a session."""
        if self.type == "room_started" and "room" in self.data:
            self.adopt_time(self.started_of_room())
        if self.type == "participant_joined" and "participant" in self.data:
            self.adopt_time(self.joined)
        if self.type == "room_finished":
            end = self.end(self.started_of_room())
            reason = self.word(models.RoomEndReason, self.message.room_end_reason, "room_end_reason",
                               prefix="ROOM_END_")
            if "room" in self.data:
                self.data["room"].update(present(
                    endReason=None if reason == "unknown" else reason, endedAt=iso(end),
                    durationSeconds=span(self.started_of_room(), end)))
            self.adopt_time(end)
        if self.type in ("participant_left", "participant_connection_aborted"):
            joined = getattr(self, "joined", None)
            end = self.end(joined)
            if "participant" in self.data:
                self.data["participant"].update(present(leftAt=iso(end), durationSeconds=span(joined, end)))
            self.adopt_time(end)

    def started_of_room(self):
        return getattr(self, "started", None)

    def end(self, start):
        """LiveKit tells an end in whole seconds: in the second of the start it is the start."""
        if start is not None and self.created is not None and 0 < start - self.created < 1000:
            return start
        return self.created

    # What runs

    def run(self, info, state, status):
        """What egress, ingress and jobs have in common, and since when and until when it runs."""
        start = milliseconds(state.started_at, 10 ** 9) if state else None
        end = milliseconds(state.ended_at, 10 ** 9) if state else None
        error = ERRORS[state.error] if state and state.error else None
        return present(
            id=info, status=status, startedAt=iso(start), endedAt=iso(end), durationSeconds=span(start, end),
            error=error), start, end

    def results(self, results, **fields):
        found = []
        for result in results:
            told = {name: getattr(result, field) for name, field in fields.items() if hasattr(result, field)}
            told = {name: LOCATIONS.get(value, value) if "ocation" in name else value for name, value in told.items()}
            told = {name: value for name, value in told.items() if value}
            told.update(self.span_of(result))
            found.append(told)
        return found or None

    @staticmethod
    def span_of(result):
        duration = getattr(result, "duration", 0)
        return present(
            startedAt=iso(milliseconds(result.started_at, 10 ** 9)), endedAt=iso(milliseconds(result.ended_at, 10 ** 9)),
            durationSeconds=(abs(duration) // 10 ** 6 * (1 if duration > 0 else -1)) / 1000 if duration else None)

    def read_egress(self, info):
        if "room" not in self.data and info.room_name:
            self.data["room"] = present(name=info.room_name, id=info.room_id)
        status = self.word(egress.EgressStatus, info.status, "egress_info", "status", prefix="EGRESS_")
        kinds = kinds_of_output(info)
        told, start, end = self.run(info.egress_id, info, status)
        told.update(present(details=ERRORS.get(info.details), errorCode=info.error_code or None))
        noun = "stream" if kinds == {"stream"} else "recording"
        if self.message.event == "egress_started":
            self.type = noun + "_started"
            self.adopt_time(start)
        if self.message.event == "egress_updated":
            self.type = noun + "_updated"
            self.adopt_time(milliseconds(info.updated_at, 10 ** 9))
        if self.message.event == "egress_ended":
            self.type = noun + ("_failed" if status in ("failed", "aborted") else "_ended")
            self.adopt_time(end)
        if not info.egress_id:
            return
        if "stream" in kinds:
            destinations = [self.destination(result, place) for place, result in enumerate(info.stream_results)]
            self.data["stream"] = told | present(destinations=destinations or None)
        if kinds != {"stream"}:
            self.data["recording"] = told | present(
                files=self.results(info.file_results, filename="filename", location="location", sizeBytes="size"),
                segments=self.results(
                    info.segment_results, playlistName="playlist_name", livePlaylistName="live_playlist_name",
                    playlistLocation="playlist_location", livePlaylistLocation="live_playlist_location",
                    sizeBytes="size", segmentCount="segment_count"),
                images=self.results(
                    info.image_results, filenamePrefix="filename_prefix", imageCount="image_count"),
                manifestLocation=LOCATIONS.get(info.manifest_location),
                backupStorageUsed=info.backup_storage_used or None)

    def destination(self, result, place):
        path = ("egress_info", "stream_results", place, "status")
        return present(
            id=result.id, url=STREAM_URLS.get(result.url), error=ERRORS.get(result.error),
            status=self.word(egress.StreamInfo.Status, result.status, *path)) | self.span_of(result)

    def read_ingress(self, info):
        state = info.state if info.HasField("state") else None
        if "room" not in self.data and info.room_name:
            self.data["room"] = {"name": info.room_name}
        if "room" in self.data and "id" not in self.data["room"] and state and state.room_id:
            self.data["room"]["id"] = state.room_id
        if not info.ingress_id:
            return
        path = ("ingress_info", "state", "status")
        status = self.word(ingress.IngressState.Status, info.state.status, *path, prefix="ENDPOINT_")
        told, start, end = self.run(info.ingress_id, state, status)
        kind = self.word(ingress.IngressInput, info.input_type, "ingress_info", "input_type")
        told.update(present(
            name=info.name, inputType=kind.removesuffix("_input"), participantIdentity=info.participant_identity,
            participantName=info.participant_name, reusable=info.reusable))
        for name in ("video", "audio"):
            if state and state.HasField(name):
                told[name] = getattr(state, name)
        self.data["ingress"] = told
        self.adopt_time({"ingress_started": start, "ingress_ended": end}.get(self.type))

    def read_job(self, job):
        self.read_room(job)
        self.read_participant(("job", "participant"), job)
        if not job.id:
            return
        state = job.state if job.HasField("state") else None
        status = self.word(agent.JobStatus, job.state.status, "job", "state", "status", prefix="JS_")
        told, start, end = self.run(job.id, state, status)
        told.update(present(
            dispatchId=job.dispatch_id, type=self.word(agent.JobType, job.type, "job", "type", prefix="JT_"),
            agentName=job.agent_name))
        if state:
            reason = self.word(agent.JobStateReason, state.reason, "job", "state", "reason", prefix="JSR_")
            told.update(present(
                participantIdentity=state.participant_identity, workerId=state.worker_id, agentId=state.agent_id,
                reason=None if reason == "unspecified" else reason))
        self.data["job"] = told
        self.adopt_time({"agent_job_started": start, "agent_job_ended": end}.get(self.type))


def kinds_of_output(info):
    """Whether an egress writes files, feeds streams, or does both. Its results tell, and so does what was asked for."""
    kinds = set()
    asked = [getattr(info, name) for name in (
        "egress", "replay", "room_composite", "web", "participant", "track_composite", "track") if info.HasField(name)]
    for message in [info, *asked, *(output for request in asked for output in getattr(request, "outputs", []))]:
        for field, value in message.ListFields():
            if field.name in ("stream", "stream_outputs", "stream_results", "websocket_url") and value != "":
                kinds.add("stream")
            if field.name in ("file", "segments", "images", "mcap", "file_outputs", "segment_outputs", "image_outputs",
                              "file_results", "segment_results", "image_results"):
                kinds.add("recording")
    return kinds or {"recording"}
