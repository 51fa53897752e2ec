import Events
import Testing
import Wire

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
            {"a":["://x","a:/b","a.b+c-d2://[redacted]","abcdefghijklmnop://[redacted]","abcdefghijklmnopq://[redacted]",\
            "a b://[redacted]"]}
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

    @Test(arguments: [
        "recovery_token", "totp_secret", "passphrase", "api_token", "hashed_password", "recoveryToken", "api-token",
        "API.TOKEN", "X-Api-Key", "password_digest", "email_change_token_new", "token2", "access token", "$secret",
        "webhookSecret", "srt_passphrase", "encrypted-password", "SIP.phoneNumber", "Sip.h.From", "s-3", "dbPassword1",
        "refresh_tokens", "connection_string",
    ])
    func secretsAreKnownByTheEndOfTheirName(_ name: WireText) {
        #expect(Redaction.isSecret(name))
    }

    @Test(arguments: [
        "tokens", "token_count", "secretary", "passwordless", "keyboard", "apikeys_used", "sipcall", "tokenized",
        "participant", "monkey", "key", "compass", "stoken\u{E9}", "____", "2", "sip.callID",
    ])
    func namesThatOnlyResembleOnesOfSecretsStay(_ name: WireText) {
        #expect(!Redaction.isSecret(name))
    }

    @Test func theLastLettersOfANameNeverHideASecret() {
        for word in Redaction.secretWords + Redaction.endingWords {
            let spaced = word.map(String.init).joined(separator: "_")
            for name in [word, word.uppercased(), spaced, "\(word)-", "\(word)_2", "x_\(word)", "\(word)é"] {
                let text = WireText(name)
                #expect(Redaction.isSecret(text) == Redaction.isWholeNameSecret(text), "\(name)")
            }
            #expect(Redaction.isSecret(WireText(word)), "\(word)")
        }
        for before in UInt8(0)...127 {
            for last in UInt8(0)...127 {
                for start in ["", "toke", "api_ke"] {
                    let name = WireText(decoding: Array(start.utf8) + [before, last])
                    guard Redaction.isSecret(name) != Redaction.isWholeNameSecret(name) else { continue }
                    Issue.record("\(name)")
                }
            }
        }
    }

    @Test func aNameOfManySeparatorsIsReadOnce() {
        let separators = String(repeating: "_", count: 1_000_000)
        #expect(Redaction.isSecret("api\(separators)token\(separators)"))
        #expect(!Redaction.isSecret("\(separators)n\(separators)"))
    }

    @Test(arguments: [
        ("failed:rtmp://host/app/KEY", "failed:rtmp://host/[redacted]"),
        (" rtmp://host/app/KEY ", " rtmp://host/[redacted] "),
        ("a rtmp://h/K1 b RTMPS://h/K2,srt://h/K3 c", "a rtmp://h/[redacted] b RTMPS://h/[redacted] c"),
        ("{'url': 'rtmp://h/K', 'n': 1}", "{'url': 'rtmp://h/[redacted]', 'n': 1}"),
        ("rtmp://h/it's-the-K", "rtmp://h/[redacted]"),
        (#"{"u":"rtmp:\/\/h\/app\/K"}"#, #"{"u":"rtmp://[redacted]"}"#),
        (#"{\"u\":\"rtmp://h/K\"}"#, #"{\"u\":\"rtmp://h/[redacted]\"}"#),
        ("see rtmp%3A%2F%2Fh%2Fapp%2FK", "see rtmp://[redacted]"),
        ("rtmp://me:pa/ss@host/K", "rtmp://me/[redacted]"),
        ("whip://h:443?key=K", "whip://h:443/[redacted]"),
        ("https://b.example/x.mp4?sig=K and wss://h/K", "https://b.example/[redacted] and wss://h/[redacted]"),
        ("rtmp:%2F%2Fh/K rtmp%3a/%2fh/K", "rtmp://[redacted] rtmp://[redacted]"),
        ("rtmp:/%2Fh/K rtmp%253A//h/K", "rtmp://[redacted] rtmp://[redacted]"),
        ("rtmp%25253A%25252F%25252Fh/K", "rtmp://[redacted]"),
        (#"{\"u\":\"rtmp:\\/\\/h\\/K\"}"#, #"{\"u\":\"rtmp://[redacted]\"}"#),
        (#"rtmp:\u002f\u002Fh\u002fK"#, "rtmp://[redacted]"),
        ("rtmp:&#x2F;&#x2F;h&#x2F;K rtmp:&#47;&#47;h/K", "rtmp://[redacted] rtmp://[redacted]"),
        ("'rtmp://h/it's/K', and", "'rtmp://h/[redacted]', and"), ("rtmp://[K]/", "rtmp:///[redacted]"),
        ("rtmp://[::1]:80/K", "rtmp://[::1]:80/[redacted]"), (#"C:\\a 10%25 4:%2 %"#, #"C:\\a 10%25 4:%2 %"#),
        ("twitch://K", "twitch://[redacted]"), ("at 12:30: nothing", "at 12:30: nothing"), ("://x", "://x"),
    ])
    func everyAddressInAnErrorIsReduced(_ text: WireText, _ expected: WireText) {
        #expect(RedactedURL.prose(text) == expected)
    }

    @Test(arguments: [
        (#"{"avatar":"https://cdn.example/a.png?v=2"}"#, #"{"avatar":"https://cdn.example/a.png?v=2"}"#),
        ("https://me:pw@h.example/a?b=c rtmp://h/K", "https://h.example/a?b=c rtmp://h/[redacted]"),
        ("https://h/?next=rtmp://h/K", "https://h/?next=rtmp://h/[redacted]"),
        (#"{"avatar":"https:\/\/me:K@h.example\/a.png"}"#, #"{"avatar":"https:\/\/h.example\/a.png"}"#),
        ("u=https%3A%2F%2Fme%3AK%40h.example%2Fa", "u=https%3A%2F%2Fh.example%2Fa"),
        ("u=https%3A%2F%2Fh.example%2Fme%40example", "u=https%3A%2F%2Fh.example%2Fme%40example"),
        (
            "https://i.example/?url=https%3A%2F%2Fcdn.example%2Fa.png",
            "https://i.example/?url=https%3A%2F%2Fcdn.example%2Fa.png"
        ),
        ("https://me:pa/ss@h/x", "https://me/[redacted]"), ("plain", "plain"),
    ])
    func linksInMetadataStay(_ text: WireText, _ expected: WireText) {
        #expect(RedactedURL.metadata(text) == expected)
    }

    @Test func addressesInsideOfOneAnotherAreReadOnce() {
        let many = WireText(String(repeating: "http://a/", count: 60_000))
        #expect(RedactedURL.metadata(many) == many)
        #expect(RedactedURL.prose(many) == "http://a/[redacted]")
        #expect(RedactedURL.withoutQuery("https://a/\(many)") == "https://a/[redacted]")
    }

    @Test func noAddressOfAnErrorReachesAnEvent() throws {
        let provider = try LiveKit(settings: ProviderSettings(source: "lk", keys: ["key": "secret"]))
        let draft = try provider.event(
            """
            {"event":"egress_ended","egressInfo":{"egressId":"EG","roomName":"r","status":"EGRESS_FAILED",
            "error":"failed:rtmp://host/app/KEY","details":"x,srt://h?streamid=KEY","streamResults":
            [{"url":" rtmp://host/app/KEY","error":"(RTMP://host/app/KEY)"}]},
            "participant":{"sid":"PA","name":"rtmp://host/app/KEY","metadata":"go:rtmp://host/app/KEY",
            "attributes":{"note":"rtmp://host/app/KEY"}},
            "ingressInfo":{"ingressId":"IN","name":"cam rtmp://host/app/KEY","state":{"error":"whip://h/KEY"}}}
            """)
        #expect(!draft.json.contains("KEY"), "\(draft.json)")
        #expect(!String(decoding: draft.raw ?? [], as: UTF8.self).contains("KEY"))
        #expect(draft.json.contains("failed:rtmp://host/[redacted]"))
    }

    @Test func whatAnAttributeNamesAsASecretReachesNoEvent() throws {
        let livekit = try LiveKit(settings: ProviderSettings(source: "lk", keys: ["key": "secret"]))
        let joined = try livekit.event(
            """
            {"event":"participant_joined","room":{"name":"r"},"participant":{"sid":"P",
            "attributes":{"seat":"4","api_token":"KEY","Stream-Key":"KEY","lang":"de"}}}
            """)
        #expect(!joined.json.contains("KEY"), "\(joined.json)")
        #expect(joined.data.contains(#""seat":"4""#) && joined.data.contains(#""lang":"de""#))
    }

    @Test func membersOfAnApplicationsDataAreJudgedByTheirNames() throws {
        let daily = try Daily(settings: ProviderSettings(source: "d", secrets: ["c2VjcmV0"]))
        let joined = try daily.event(
            """
            {"type":"participant.joined","id":"e","event_ts":1,"payload":{"room":"r","session_id":"s",
            "permissions":{"hasPresence":true,"joinToken":"KEY"},"user_data":{"seat":4,"deep":[{"api_key":"KEY"}]}}}
            """)
        #expect(!joined.json.contains("KEY"), "\(joined.json)")
        #expect(joined.data.contains("seat") && joined.data.contains(#""hasPresence":true"#))
    }

    @Test func addedNamesCountInTextThatIsJSON() throws {
        let livekit = try LiveKit(
            settings: ProviderSettings(source: "lk", keys: ["key": "secret"], options: ["redact": "email"]))
        let inner = #"{\"user\":{\"e-mail\":\"KEY\",\"seat\":4},\"more\":\"[{\\\"workEmail\\\":\\\"KEY\\\"}]\"}"#
        let joined = try livekit.event(
            """
            {"event":"participant_joined","room":{"name":"r","metadata":"{\\"n\\": 1.0}"},
            "participant":{"sid":"P","metadata":"\(inner)","attributes":{"profile":"\(inner)"}}}
            """)
        #expect(!joined.json.contains("KEY"), "\(joined.json)")
        #expect(!String(decoding: joined.raw ?? [], as: UTF8.self).contains("KEY"))
        // What holds none of the names is passed on as it came.
        #expect(joined.data.contains(#"{\"n\": 1.0}"#) && joined.data.contains("seat"))
    }

    @Test(arguments: ["stream_keys", "Proxy-Authorization", "passwordConfirmation", "dialInPin", "DSN", "hmacKey"])
    func furtherNamesAreSecrets(_ name: WireText) {
        #expect(Redaction.isSecret(name))
    }

    @Test func anOperatorAddsNames() throws {
        let options = ["redact": "email,ssn, Note,id"]
        let database = try Supabase(settings: ProviderSettings(source: "db", secrets: ["s"], options: options))
        let row = #"{"id":7,"user_email":"E","SSN":1,"note":{"a":1},"notes":"n","userId":8,"email":null}"#
        let body = #"{"type":"INSERT","table":"t","record":\#(row)}"#
        let draft = try database.event(body)
        let hidden =
            #"{"id":"[redacted]","user_email":"[redacted]","SSN":"[redacted]","note":"[redacted]","#
            + #""notes":"n","userId":8,"email":null}"#
        #expect(draft.data.contains(hidden), "\(draft.data)")
        #expect(String(decoding: draft.raw ?? [], as: UTF8.self).contains(hidden))

        let own = try Standard(
            settings: ProviderSettings(
                source: "app", secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], options: options))
        #expect(
            try own.event(#"{"type":"x","data":{"email":"E","link":"rtmp://h/K"}}"#).data
                == #"{"email":"[redacted]","link":"rtmp://h/K"}"#)

        let livekit = try LiveKit(
            settings: ProviderSettings(source: "lk", keys: ["key": "secret"], options: ["redact": "metadata seat"]))
        let joined = try livekit.event(
            """
            {"event":"participant_joined","room":{"name":"r","metadata":"M"},"participant":{"sid":"P","metadata":"M",
            "attributes":{"seat":"M","lang":"de"}}}
            """)
        #expect(!joined.json.contains(#""M""#))
        #expect(joined.data.contains(#""lang":"de""#))
    }

    @Test(arguments: ["_", String(repeating: "a", count: 513), (0..<65).map { "n\($0)" }.joined(separator: ",")])
    func namesThatCannotBeAddedAreASettingsError(_ names: String) throws {
        let error = try #require(throws: ProviderSettingsError.self) {
            try Whereby(settings: ProviderSettings(source: "w", secrets: ["s"], options: ["redact": names]))
        }
        #expect(error.setting == "redact")
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
            let body = try JSONReader.value(vector.capture.request.body, loneSurrogates: .replaced).value
            for secret in Self.secrets(in: body) {
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
