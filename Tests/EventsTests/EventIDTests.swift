import Events
import TestSupport
import Testing
import Wire

/// Ids: their text, their order, how they grow.
struct EventIDTests {
    @Test(arguments: ["0-0", "1795201856123-0", "1795201856123-1048575", "8796093022207-1048575", "5-7"])
    func textReadsBackAsTheSameID(_ text: String) throws {
        #expect(try #require(EventID(text)).description == text)
    }

    @Test(arguments: [
        "", "-", "5", "5-", "-5", "5-5-5", "05-0", "5-00", "+5-0", "5- 0", " 5-0", "5-0 ", "5-1048576",
        "8796093022208-0", "99999999999999-0", "a-0", "5-٣", "5.0-0",
    ])
    func anythingElseIsNoID(_ text: String) {
        #expect(EventID(text) == nil)
    }

    @Test func orderIsThatOfMillisecondsThenSequence() throws {
        let ordered = try ["0-0", "0-1", "5-0", "5-9", "5-10", "6-0", "10-0"].map { try #require(EventID($0)) }
        #expect(ordered.shuffled().sorted() == ordered)
        #expect(ordered.map(\.rawValue).sorted() == ordered.map(\.rawValue))
        #expect(ordered[0] == .zero)
    }

    @Test func nextGrowsWhateverTheClockDoes() throws {
        let id = try #require(EventID("5000-3"))
        #expect(id.next(at: 6000).description == "6000-0")
        #expect(id.next(at: 5000).description == "5000-4")
        #expect(id.next(at: 1).description == "5000-4")
        // A clock beyond the year 2248 must not end the process.
        #expect(id.next(at: WallTime(milliseconds: EventID.largestMilliseconds + 1)).description == "5000-4")
        let last = EventID(milliseconds: 5000, sequence: EventID.largestSequence)
        #expect(last.next(at: 5000).description == "5001-0")
    }

    @Test func anIDIsAMemberOfJSON() {
        let id = EventID(milliseconds: 12, sequence: 30)
        #expect(JSONWriter.text { writer in writer.object { $0.member("i", id: id) } } == #"{"i":"12-30"}"#)
        #expect(JSONWriter.text { writer in writer.object { $0.member("i", id: nil) } } == "{}")
    }
}
