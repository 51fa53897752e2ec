import Events
import Testing
import Wire

@testable import Webhooks

/// Protobuf messages are read by both spellings of a name, in a few members and in very many.
struct ProtoMessageTests {
    private func message(_ members: String, padding: Int) throws -> ProtoMessage {
        let noise = (0..<padding).map { "\"a_b_\($0)\":1," }.joined()
        return ProtoMessage(try #require(try JSONReader.value("{\(noise)\(members)}").object))
    }

    @Test(arguments: [0, 62, 63, 64, 65, 60_000])
    func eitherSpellingIsFoundAndTheLastOneCounts(_ padding: Int) throws {
        let text = #""joined_at":"1","joinedAt":"2","_name":"x","disconnect_reason":null,"s__id":"y","SID":"z""#
        let message = try message(text, padding: padding)
        #expect(try message.text("joinedAt") == "2")
        #expect(try message.text("Name") == "x")
        #expect(try message.text("name") == nil)
        #expect(try message.text("disconnectReason") == nil)
        #expect(try message.text("sId") == "y")
        #expect(try message.text("sid") == nil)
        #expect(try message.text("joined_at") == nil)
        let other = try self.message(#""joinedAt":"2","joined_at":"1""#, padding: padding)
        #expect(try other.text("joinedAt") == "1")
    }

    @Test(arguments: [
        ("12", 12), ("-12", -12), ("9223372036854775807", .max), ("1e3", 1000), ("12.0", 12), ("0", nil), ("0e5", nil),
    ])
    func anIntegerIsANumberOrItsText(_ text: String, _ expected: Int64?) throws {
        #expect(try message("\"size\":\(text)", padding: 0).integer("size") == expected)
        #expect(try message("\"size\":\"\(text)\"", padding: 0).integer("size") == expected)
    }

    @Test(arguments: ["", "soon", "1.5", "inf", "nan", "0x10", "1e30", "1 2", "--1", "1e", "{}"])
    func anyOtherTextIsNoInteger(_ text: String) throws {
        let message = try message("\"size\":\"\(text)\"", padding: 0)
        #expect(throws: Rejection.self) { try message.integer("size") }
    }
}
