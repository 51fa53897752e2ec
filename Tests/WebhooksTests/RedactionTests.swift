import Events
import Testing

@testable import Webhooks

/// No secret of a provider's body gets out.
struct RedactionTests {
    @Test(arguments: [
        ("turnPassword", true), ("turn_password", true), ("streamKey", true), ("stream_key", true),
        ("share_token", true), ("s3_key", true), ("s3Key", true), ("s3", true), ("secret", true), ("accessKey", true),
        ("sessionToken", true), ("assumeRoleExternalId", true), ("azure", true), ("sip_headers", true),
        ("sip.phoneNumber", true), ("sip.h.From", true),
        ("sip.h.X-A-Field-Of-The-Call-With-A-Long-Name", true), ("sip.callID", false), ("sip.callStatus", false),
        ("name", false), ("externalId", false), ("tokens", false), ("id", false), ("key", false), ("", false),
        ("TOKEN", true), ("Basic-Auth_", true), ("s_-3", true), ("_token", true), ("-s3", true), ("tokem", false),
        ("toke", false), ("\u{14}oken", false), ("toke\u{E9}", false), ("s", false), ("__", false),
    ])
    func secretsAreKnownByName(_ name: WireText, _ isSecret: Bool) {
        #expect(Redaction.isSecret(name) == isSecret)
    }

    @Test(arguments: [
        (
            #"{"a":{"streamKey":"K","n":1.50},"list":[{"secret":{"x":1}},"t"],"token":null}"#,
            #"{"a":{"streamKey":"[redacted]","n":1.50},"list":[{"secret":"[redacted]"},"t"],"token":null}"#
        ),
        (
            #"{"stream":{"urls":["rtmp://u:p@live.example:1935/app/KEY","mux://KEY","KEY"]}}"#,
            """
            {"stream":{"urls":["rtmp://live.example:1935/[redacted]","mux://[redacted]","[redacted]"]}}
            """
        ),
        (
            #"{"location":"https://b.example/x.mp4?sig=K","metadata":"{\"u\":\"https://b.example/?k=1\"}"}"#,
            #"{"location":"https://b.example/x.mp4","metadata":"{\"u\":\"https://b.example/?k=1\"}"}"#
        ),
        (
            #"{"error":"push to (rtmps://live.example/app/KEY) failed\nsee srt://h?passphrase=K"}"#,
            """
            {"error":"push to (rtmps://live.example/[redacted] failed\\nsee srt://h/[redacted]"}
            """
        ),
        (
            #"{"URL":"rtmp://h/K","websocket_url":"wss://h/K","urn":"K","uri":"","error_msg":"at wss://h/K","err":"K"}"#,
            """
            {"URL":"rtmp://h/[redacted]","websocket_url":"wss://h/[redacted]","urn":"K","uri":"",\
            "error_msg":"at wss://h/[redacted]","err":"K"}
            """
        ),
        (
            #"{"a":["://x","a:/b","a.b+c-d2://h/K","abcdefghijklmnop://h/K","abcdefghijklmnopq://h/K","a b://h/K"]}"#,
            """
            {"a":["://x","a:/b","a.b+c-d2://[redacted]","abcdefghijklmnop://[redacted]","abcdefghijklmnopq://h/K",\
            "a b://h/K"]}
            """
        ),
        (
            #"{"attributes":{"sip.phoneNumber":"+49","sip.callStatus":"active","seat":"1"}}"#,
            #"{"attributes":{"sip.phoneNumber":"[redacted]","sip.callStatus":"active","seat":"1"}}"#
        ),
    ])
    func bodyIsWrittenWithoutThem(_ body: String, _ expected: String) throws {
        let line = Redaction.line(try JSONReader.value(body), capacityBytes: 64)
        #expect(String(decoding: line, as: UTF8.self) == expected)
        let value = Redaction.value(try JSONReader.value(body))
        #expect(JSONWriter.text { $0.value(value) } == expected)
    }

    /// Every text under one of these names in the vectors is looked for in what comes out.
    private static let secretNames: Set<WireText> = [
        "turnPassword", "streamKey", "secret", "accessKey", "s3_key", "turn_password",
    ]

    @Test func noSecretOfAnyVectorComesOut() throws {
        let provider = try LiveKitVectorTests.provider()
        var secretsSeen = 0
        for vector in try Vectors.all("livekit.json") {
            guard case .event(let draft)? = try? provider.receive(vector.capture.request, now: vector.now) else {
                continue
            }
            let out = draft.json + String(decoding: draft.raw ?? [], as: UTF8.self)
            for secret in Self.secrets(in: try JSONReader.value(vector.capture.request.body)) {
                secretsSeen += 1
                #expect(!out.contains(secret), "\(vector.name)")
            }
            #expect(!out.contains("\n"))
        }
        #expect(secretsSeen > 50)
    }

    private static func secrets(in value: JSONValue) -> [String] {
        if let array = value.array { return array.flatMap(secrets) }
        return (value.object?.members ?? []).flatMap { member in
            if secretNames.contains(member.name), let text = member.value.string { return [text.string] }
            return secrets(in: member.value)
        }
    }

    @Test func telephoneParticipantKeepsOnlyWhatNamesTheCall() throws {
        let provider = try LiveKit(settings: ProviderSettings(source: "lk", keys: ["key": "secret"]))
        let draft = try provider.event(
            """
            {"event":"participant_joined","participant":{"sid":"PA_1","kind":"SIP","attributes":
            {"sip.callID":"c1","sip.phoneNumber":"+4915112345678","sip.trunkPhoneNumber":"+4930","lang":"de"}}}
            """)
        #expect(draft.event.data.participant?.attributes.map(\.name) == ["lang", "sip.callID"])
        #expect(!String(decoding: draft.raw ?? [], as: UTF8.self).contains("+49"))
    }
}
