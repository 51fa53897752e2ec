import EventLoop
import Events
import FrontDoor
import Glibc
import Wire

@testable import API

/// The double of an exchange: it keeps the answer, or gives one end of a socket pair as the stream.
final class TestExchange: HTTPExchange {
    let request: HTTPRequest
    var closesConnection = false
    var user: WireText?
    var issuer: WireText?
    /// The client has gone.
    var isGone = false
    var isRoutine = false
    var answeredStatus: Int? { response?.status }
    var microseconds: Int64 { 0 }
    /// The connection cannot be turned into a stream.
    var cannotBeTakenOver = false
    private(set) var response: HTTPResponse?
    /// What is held until the client has the answer.
    private(set) var held: AnyObject?
    /// The client's end of the stream; -1 if the request has become none.
    private(set) var client: CInt = -1
    private let loop: Loop

    init(_ request: HTTPRequest, on loop: Loop) {
        self.request = request
        self.loop = loop
    }

    deinit {
        if client >= 0 { close(client) }
    }

    var hasEnded: Bool { response != nil || client >= 0 || isGone }

    func reply(_ response: HTTPResponse, holding held: AnyObject?) {
        guard !hasEnded else { return }
        self.response = response
        self.held = held
    }

    func takeOver() -> StreamSocket? {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        guard !cannotBeTakenOver, socketpair(AF_UNIX, type, 0, &ends) == 0 else { return nil }
        client = ends[1]
        return StreamSocket(takingOver: ends[0], on: loop)
    }

    /// The client has read its answer.
    func release() { held = nil }

    /// The bytes that have come on the stream and were not read yet.
    func streamed() -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 18)
        let count = read(client, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    // MARK: The answer

    var status: Int? { response?.status }

    /// The body as JSON; null if there is none.
    var json: JSONValue { response.flatMap { try? JSONReader.value($0.body) } ?? .null }

    /// The reason that a problem names.
    var reason: WireText? { json.object?["reason"]?.string }

    var text: String { String(decoding: response?.body ?? [], as: UTF8.self) }

    func header(_ name: String) -> String? { response?.headers.first { $0.name == name }?.value }
}
