import Testing
import Wire

@testable import API

@Suite struct AcceptHeaderTests {
    private static let forms: [WireText] = [
        "text/event-stream", "application/x-ndjson", "application/ndjson", "application/json",
    ]

    private func best(_ lines: WireText...) throws -> WireText? { try AcceptHeader(lines).best(of: Self.forms) }

    @Test(arguments: [
        // What clients send.
        ("text/event-stream", "text/event-stream"), ("*/*", "text/event-stream"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", "text/event-stream"),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "text/event-stream"),
        ("application/x-ndjson", "application/x-ndjson"), ("application/ndjson", "application/ndjson"),
        // Weights.
        ("application/json;q=0.5, text/event-stream;q=0.9", "text/event-stream"),
        ("text/event-stream;q=0.1, application/json", "application/json"),
        ("application/json;q=0.001, text/event-stream;q=0", "application/json"),
        ("application/json ; Q=0.9 ,\ttext/event-stream; q=0.899", "application/json"),
        ("text/event-stream;q=1.000, application/json;q=1", "text/event-stream"),
        // The narrower range decides.
        ("*/*, text/event-stream;q=0", "application/x-ndjson"), ("text/*;q=0, */*;q=0.1", "application/x-ndjson"),
        ("text/*;q=0.3, text/event-stream;q=0.7, application/*;q=0.5", "text/event-stream"),
        ("application/*, application/x-ndjson;q=0, application/ndjson;q=0", "application/json"),
        ("*/*;q=0.1, application/json;q=0.1", "application/json"),
        // A wildcard without a weight is for the case that nothing else fits.
        ("application/x-ndjson;q=0.9, */*", "application/x-ndjson"),
        ("*/*, application/json;q=0.5", "application/json"),
        ("application/json;q=0.1, */*;q=0.9", "text/event-stream"), ("application/*, */*", "application/x-ndjson"),
        // Of equals the first.
        ("application/json, text/event-stream", "application/json"),
        ("text/event-stream, application/json", "text/event-stream"),
        // Parameters, cases, empty elements.
        ("TEXT/Event-Stream;Charset=UTF-8", "text/event-stream"), ("application/json; indent=2", "application/json"),
        ("application/json;charset=\"utf-8\"", "application/json"), (", ,application/json,", "application/json"),
        ("text/event-stream;charset=iso-8859-1, application/json;q=0.1", "application/json"),
        ("", "text/event-stream"), (";", "text/event-stream"), (";;,;", "text/event-stream"),
        // A weight that is no number is none.
        ("text/event-stream;q=x,;", "text/event-stream"), ("application/json;q=\"1\"", "application/json"),
    ])
    func theBestIsTaken(header: String, form: String) throws {
        #expect(try best(WireText(header)) == WireText(form))
    }

    @Test(arguments: [
        "text/html", "text/event-stream;q=0", "*/*;q=0", "application/json;charset=utf-16", "application/xml, image/*",
        "text/event-stream;charset=", "*/*;q=0.000", "text/plain;q=1",
    ])
    func whereNothingFitsThereIsNone(header: String) throws {
        #expect(try best(WireText(header)) == nil)
    }

    @Test(arguments: [
        ("text/event-stream;charset=latin1", "latin1"), ("*/*;charset=\"UTF-16\"", "utf-16"),
        ("text/html, application/*;charset=", ""), ("application/json;charset=\"utf-8", "\"utf-8"),
        ("text/html;charset=latin1", nil), ("text/html", nil), ("text/event-stream;charset=latin1;q=0", nil),
        ("text/event-stream;charset=utf-8", nil), ("", nil),
    ])
    func theCharsetThatKeepsAClientFromEverythingIsNamed(header: String, charset: String?) throws {
        let found = try AcceptHeader([WireText(header)]).foreignCharset(of: Self.forms)
        #expect(found == charset.map { WireText($0) })
    }

    @Test func severalLinesAreOneHeader() throws {
        #expect(try best("text/html", "application/json;q=0.5", "application/x-ndjson;q=0.6") == "application/x-ndjson")
        #expect(try AcceptHeader([WireText]()).best(of: Self.forms) == "text/event-stream")
    }

    @Test(arguments: [
        "*/*;q=2", "*/*;q=1.001", "*/*;q=-1", "*/*;q=", "*/*;q", "*/*;q=0.5.1", "*/*;q=.", "*/*;q=00.5",
        "*/*;q=+1", "*/*;q=0,5;q=7", "text", "/", "text/", "/json", "a/b/c",
    ])
    func whatCannotBeReadIsAMistake(header: String) {
        #expect(throws: AcceptHeader.Problem.self) { try AcceptHeader([WireText(header)]) }
    }

    @Test(arguments: [
        ("text/event-stream", true), ("text/event-stream;charset=utf-8", true), ("Text/Event-Stream", true),
        ("text/event-stream;q=0", false), ("text/event-stream, */*", false), ("*/*", false), ("text/*", false),
        ("application/json", false), ("", false),
    ])
    func anEventSourceTakesEventStreamsAlone(header: String, isOnly: Bool) throws {
        #expect(try AcceptHeader([WireText(header)]).isOnly("text/event-stream") == isOnly)
    }
}
