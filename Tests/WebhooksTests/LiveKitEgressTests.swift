import Events
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// Egress becomes a recording or a stream.
struct LiveKitEgressTests {
    private func read(_ event: String, _ info: String) throws -> Draft {
        let provider = try LiveKit(settings: ProviderSettings(source: "lk", keys: ["key": "secret"]))
        return try provider.event(
            #"{"event":"\#(event)","room":{"name":"a"},"egressInfo":{"egressId":"EG_1",\#(info)}}"#)
    }

    @Test(arguments: [
        ("egress_started", "", "file", "recording_started", "starting"),
        ("egress_updated", #""status":"EGRESS_ACTIVE","#, "file", "recording_updated", "active"),
        ("egress_updated", #""status":2,"#, "file", "recording_updated", "ending"),
        ("egress_ended", #""status":"EGRESS_COMPLETE","#, "file", "recording_ended", "complete"),
        ("egress_ended", #""status":"EGRESS_FAILED","#, "file", "recording_failed", "failed"),
        ("egress_ended", #""status":"EGRESS_ABORTED","#, "segments", "recording_failed", "aborted"),
        ("egress_ended", #""status":"EGRESS_LIMIT_REACHED","#, "segments", "recording_ended", "limit_reached"),
        ("egress_started", "", "stream", "stream_started", "starting"),
        ("egress_updated", #""status":"EGRESS_ACTIVE","#, "stream", "stream_updated", "active"),
        ("egress_ended", #""status":"EGRESS_COMPLETE","#, "stream", "stream_ended", "complete"),
        ("egress_ended", #""status":"EGRESS_FAILED","#, "stream", "stream_failed", "failed"),
    ])
    func everyStateHasItsType(
        _ event: String, _ status: String, _ output: String, _ type: WireText, _ word: WireText
    ) throws {
        let draft = try read(event, #"\#(status)"\#(output)":{}"#)
        #expect(draft.event.type.rawValue == type)
        let stream = draft.event.data.other["stream"]?.object
        #expect(draft.event.data.recording?.status ?? stream?["status"]?.string == word)
    }

    @Test(arguments: [
        (#""roomComposite":{"streamOutputs":[{"urls":["rtmp://h/k"]}]}"#, "stream_started"),
        (#""roomComposite":{"fileOutputs":[{}]}"#, "recording_started"),
        (#""web":{"segmentOutputs":[{}]}"#, "recording_started"),
        (#""participant":{"imageOutputs":[{}]}"#, "recording_started"),
        (#""trackComposite":{"stream":{"urls":[]}}"#, "stream_started"),
        (#""track":{"websocketUrl":"wss://h/k"}"#, "stream_started"),
        (#""track":{"file":{}}"#, "recording_started"),
        (#""egress":{"outputs":[{"stream":{}}]}"#, "stream_started"),
        (#""replay":{"outputs":[{"file":{}}]}"#, "recording_started"),
        (#""room_composite":{"stream_outputs":[{}]}"#, "stream_started"),
        (#""streamResults":[{"url":"rtmp://h/k"}]"#, "stream_started"),
        (#""roomComposite":{"streamOutputs":[]}"#, "recording_started"),
    ])
    func requestTellsWhatComesOut(_ info: String, _ type: WireText) throws {
        #expect(try read("egress_started", info).event.type.rawValue == type)
    }

    @Test func fileAndStreamAtOnceIsARecordingWithTheStreamBesideIt() throws {
        let draft = try read("egress_started", #""roomComposite":{"fileOutputs":[{}],"streamOutputs":[{}]}"#)
        #expect(draft.event.type == .recordingStarted)
        #expect(draft.event.data.recording?.id == "EG_1")
        #expect(draft.event.data.other["stream"]?.object?["id"] == .string("EG_1"))
    }

    @Test func recordingTellsItsFilesWithoutSignedPlaces() throws {
        let draft = try read(
            "egress_ended",
            """
            "status":"EGRESS_COMPLETE","startedAt":"1789999880735622285","endedAt":"1789999941565366196",
            "fileResults":[{"filename":"x.mp4","size":"9007199254740993","duration":"61000000000",
            "location":"https://user:pw@bucket.example.org/x.mp4?X-Signature=k#f"}]
            """)
        #expect(
            draft.json == """
                {"type":"recording_ended","source":"lk","provider":"livekit","room":"a","timestamp":1789999941565,\
                "receivedAt":1790000001000,"data":{"room":{"name":"a"},"recording":{"id":"EG_1","status":"complete",\
                "startedAt":"2026-09-21T14:11:20.735Z","endedAt":"2026-09-21T14:12:21.565Z","durationSeconds":60.83,\
                "files":[{"filename":"x.mp4","location":"https://bucket.example.org/x.mp4","durationSeconds":61,\
                "sizeBytes":9007199254740993}]},"providerEvent":"egress_ended"}}
                """)
    }

    @Test func streamTellsOnlyTheHostsItGoesTo() throws {
        let draft = try read(
            "egress_updated",
            """
            "status":"EGRESS_ACTIVE","updatedAt":"1789999941565366196","error":"no answer from rtmp://live.example/app/KEY",
            "streamResults":[{"id":"s1","url":"rtmp://live.example/app/KEY","status":"FAILED","error":"x"},
            {"url":"twitch://KEY"}]
            """)
        #expect(
            draft.data == """
                {"room":{"name":"a"},"stream":{"id":"EG_1","status":"active",\
                "error":"no answer from rtmp://live.example/[redacted]","destinations":[{"id":"s1",\
                "url":"rtmp://live.example/[redacted]","status":"failed","error":"x"},\
                {"url":"twitch://[redacted]","status":"active"}]},"providerEvent":"egress_updated"}
                """)
        #expect(draft.event.timestamp == 1_789_999_941_565)
    }

    @Test func roomComesFromTheEgressWhereTheEventHasNone() throws {
        let provider = try LiveKit(settings: ProviderSettings(source: "lk", keys: ["key": "secret"]))
        let body = #"{"event":"egress_started","egressInfo":{"egressId":"EG_1","roomId":"RM_1","roomName":"a"}}"#
        let draft = try provider.event(body)
        #expect(draft.event.room == "a")
        #expect(draft.event.data.room?.id == "RM_1")
    }
}
