import Foundation
import Testing

@testable import roomwire_load

@Suite struct WireTests {
    private func frames(_ pieces: String...) -> [String] {
        var splitter = FrameSplitter()
        var frames: [String] = []
        for piece in pieces {
            Array(piece.utf8).withUnsafeBytes { bytes in
                splitter.split(bytes) { frames.append(String(decoding: $0, as: UTF8.self)) }
            }
        }
        return frames
    }

    @Test func framesEndAtAnEmptyLine() {
        #expect(frames("id: 1\ndata: a\n\ndata: b\n\ndata: c\n") == ["id: 1\ndata: a", "data: b"])
    }

    @Test func linesMayEndAsInHTTP() {
        #expect(frames("data: a\r\n\r\ndata: b\r\n\r\n") == ["data: a\r", "data: b\r"])
    }

    @Test func aFrameThatIsCutAnywhereIsTheSame() {
        let text = "id: 1\ndata: a\n\ndata: b\n\n"
        for cut in 0...text.count {
            #expect(frames(String(text.prefix(cut)), String(text.dropFirst(cut))) == ["id: 1\ndata: a", "data: b"])
        }
    }

    private func decoded(_ pieces: [String]) -> (text: String, isDone: Bool) {
        var chunks = ChunkDecoder()
        var text = ""
        for piece in pieces {
            Array(piece.utf8).withUnsafeBytes { bytes in
                chunks.decode(bytes) { text += String(decoding: $0, as: UTF8.self) }
            }
        }
        return (text, chunks.isDone)
    }

    @Test func chunksThatAreCutAnywhereAreTheSame() {
        let text = "A;x=1\r\n0123456789\r\n3\r\nabc\r\n0\r\n\r\n"
        for cut in 0...text.count {
            let result = decoded([String(text.prefix(cut)), String(text.dropFirst(cut))])
            #expect(result.text == "0123456789abc")
            #expect(result.isDone)
        }
    }

    @Test func aMarkerIsFoundWhereverItStands() {
        let marker = Marker(run: 0xBEEF)
        let label = Marker.Label(channel: 12, sequence: 1203, dueNanoseconds: 81_234_567_890_123)
        let frame = Array("id: 7-0\ndata: {\"load\":\"~\(marker.text(label))\"}".utf8)
        frame.withUnsafeBytes {
            #expect(marker.label(in: $0) == label)
            #expect(Marker(run: 0xBEE0).label(in: $0) == nil)
        }
    }

    @Test(arguments: ["~0000beef.1.2", "~0000beef.1.2.3", "~0000beef.1..~", "~0000beef.x.2.3~", "~0000beef"])
    func aMarkerThatIsCutIsNone(text: String) {
        let empty = Marker.Label(channel: 1, sequence: 0, dueNanoseconds: 0)
        Array("data: \(text)".utf8).withUnsafeBytes {
            let label = Marker(run: 0xBEEF).label(in: $0)
            #expect(label == (text.contains("..~") ? empty : nil))
        }
    }

    @Test(
        arguments: [
            ("id: 7-0\ndata: x", "7-0"), ("data: x\nid:8", "8"), ("data: x\r\nid: 9\r", "9"), ("id:\ndata: x", ""),
            ("data: id: 7", nil), (": comment", nil), ("", nil),
        ] as [(String, String?)])
    func theIDStandsInItsOwnField(frame: String, id: String?) {
        let bytes = Array(frame.utf8)
        let found = bytes.withUnsafeBytes { Marker.id(in: $0) }
        #expect(found.map { String(decoding: bytes[$0], as: UTF8.self) } == id)
    }

    @Test func templatesAreFilledInWhereTheyName() {
        let template = Template(#"{"id":"{id}","room":"{room}","other":{}}"#)
        #expect(template.filled([.id: "7", .room: "a"]) == #"{"id":"7","room":"a","other":{}}"#)
        #expect(template.has(.id) && !template.has(.time))
        #expect(HeaderTemplate("X-Room:  {room}")?.value.text == "{room}")
        #expect(HeaderTemplate(": x") == nil)
    }

    @Test(arguments: [
        ("", ""), ("{room}", "a"), ("{room}{room}", "aa"), ("{room", "{room"), ("room}", "room}"), ("{}", "{}"),
        ("{{room}}", "{a}"), ("{ro{room}om}", "{roaom}"), ("{Room} {rooms}", "{Room} {rooms}"), ("{time}", "{time}"),
        ("{\u{FC}{n}\u{FC}", "{\u{FC}{n}\u{FC}"), ("a{room}b{user}c", "aab{user}c"),
    ])
    func whatIsNoPlaceStaysAsItIs(text: String, filled: String) {
        #expect(Template(text).filled([.room: "a"]) == filled)
    }

    @Test func aTemplateGoesFromProcessToProcess() throws {
        let template = Template("/events?room={room}")
        #expect(try JSONDecoder().decode(Template.self, from: JSONEncoder().encode(template)) == template)
    }

    @Test(arguments: [0, 9, 10, 99, 100, 1_795_201_856_123, Int.max])
    func digitsAreThoseOfTheNumber(number: Int) {
        var bytes: [UInt8] = []
        bytes.appendDigits(number)
        #expect(String(decoding: bytes, as: UTF8.self) == String(number))
    }

    @Test(arguments: [
        ("http://127.0.0.1:80/events?room={room}", "127.0.0.1:80", "/events?room={room}"),
        ("http://127.0.0.1", "127.0.0.1", "/"), ("http://127.0.0.1:9?x#y", "127.0.0.1:9", "/?x"),
        ("https://127.0.0.1:8443/events", "127.0.0.1:8443", "/events"),
    ])
    func aURLMayHaveATemplateForItsPath(url: String, authority: String, target: String) {
        let endpoint = Endpoint(Template(url))
        #expect(endpoint?.authority == authority)
        #expect(endpoint?.target.text == target)
    }

    @Test(arguments: [("http://127.0.0.1/", false, 80), ("https://127.0.0.1/", true, 443)] as [(String, Bool, UInt16)])
    func theSchemeSaysWhetherTLSIsSpokenAndWhere(url: String, isSecure: Bool, port: UInt16) throws {
        let endpoint = try #require(Endpoint(Template(url)))
        #expect(endpoint.isSecure == isSecure)
        #expect(endpoint.port == port)
        #expect(endpoint.host == "127.0.0.1")
        let route = try Route(to: endpoint, TLSSettings(isInsecure: true))
        #expect((route.tls != nil) == isSecure)
    }

    @Test func certificatesToTrustAreReadForTLSOnly() throws {
        let settings = TLSSettings(caFile: "/nowhere/ca.pem")
        let plain = try #require(Endpoint(Template("http://127.0.0.1/")))
        #expect(try Route(to: plain, settings).tls == nil)
        let secure = try #require(Endpoint(Template("https://127.0.0.1/")))
        let fault = #expect(throws: TLSFault.self) { try Route(to: secure, settings) }
        #expect(fault?.description == "/nowhere/ca.pem holds no certificates in PEM (No such file or directory)")
    }

    @Test(arguments: ["ftp://127.0.0.1/", "127.0.0.1", "http://", "http://127.0.0.1:99999/", "http://a:b@127.0.0.1/"])
    func otherURLsAreRefused(url: String) {
        #expect(Endpoint(Template(url)) == nil)
    }

}
