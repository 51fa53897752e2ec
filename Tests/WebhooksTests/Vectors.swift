import Events
import FoundationEssentials
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// The signed requests in Tests/Vectors.
enum Vectors {
    /// Reads a file of Tests/Vectors.
    static func bytes(_ name: String, file: StaticString = #filePath) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: "\(file)").deletingLastPathComponent().deletingLastPathComponent()
        return Array(try Data(contentsOf: folder.appendingPathComponent("Vectors/\(name)")))
    }

    /// The members of a file that is one JSON object.
    static func object(_ name: String) throws -> JSONObject {
        try #require(try JSONReader.value(bytes(name)).object)
    }

    /// The captures of a file with what else each object says.
    static func all(_ name: String) throws -> [Vector] {
        let captures = try Capture.read(bytes(name))
        let objects = try #require(try object(name)["vectors"]?.array)
        return zip(captures, objects).compactMap { capture, value in value.object.map { Vector(capture, $0) } }
    }
}

/// A signed request with what is expected of it.
struct Vector: Sendable, CustomTestStringConvertible {
    let capture: Capture
    let object: JSONObject

    init(_ capture: Capture, _ object: JSONObject) {
        self.capture = capture
        self.object = object
    }

    var name: String { capture.name?.string ?? "" }
    var now: WallTime { capture.verifyAt ?? 0 }
    var testDescription: String { name }

    /// True: accept, false: refuse, nil: either.
    var expected: Bool? { (object["expect"] ?? object["strict"])?.bool }
}

extension Provider {
    /// The event that a request comes to.
    func event(_ request: WebhookRequest, now: WallTime) throws -> Draft {
        guard case .event(let draft) = try receive(request, now: now) else {
            throw UnexpectedAnswer()
        }
        return draft
    }

    /// The event of a body that is signed right.
    func event(_ body: String, now: WallTime = 1_790_000_001_000) throws -> Draft {
        let bytes = Array(body.utf8)
        let headers = sign(bytes, idempotencyKey: "msg_1", now: now)
        return try event(WebhookRequest(headers: headers, body: bytes), now: now)
    }

    /// The verdict on a request: nil if it is accepted.
    func refusal(_ request: WebhookRequest, now: WallTime) -> Rejection? {
        do {
            _ = try receive(request, now: now)
            return nil
        } catch {
            return error
        }
    }
}

struct UnexpectedAnswer: Error {}

extension Draft {
    /// The event as subscribers see it, without the id that the log gives.
    var json: String { JSONWriter.text { event.write(to: &$0, id: nil) } }

    /// The `data` of the event.
    var data: String { JSONWriter.text { $0.object(event.data.write) } }
}
