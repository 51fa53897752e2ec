import Events
import Fanout
import TestSupport
import Testing
import Wire

/// What a stream is told of how many others there are.
struct ListenersTests {
    private func connected(_ hub: Hub, room: WireText) -> String {
        let outlet = TestOutlet()
        let filter = EventFilter(granted: .everything, requested: EventScope(rooms: PatternSet([room])))
        _ = hub.subscribe(Subscription(user: "ada", filter: filter), outlet: outlet)
        return outlet.text
    }

    private func hub(loops: Int) -> Hub {
        Hub(
            settings: HubSettings(), extent: JournalExtent(trimmedThrough: .zero, head: .zero), of: loops,
            now: 1_000_000,
            wallNow: 1_800_001_000_000, random: SeededGenerator(seed: 7))
    }

    @Test func streamsLikeItAreCountedToTheNextPowerOfTwo() {
        let hub = hub(loops: 1)
        let told = (1...9).map { _ in connected(hub, room: "call_1") }
        for (text, count) in zip(told, [1, 2, 4, 4, 8, 8, 8, 8, 16]) {
            #expect(text.contains("\"listeners\":\(count)}"))
        }
    }

    @Test func streamsWithAnotherFilterAreNotTold() {
        let hub = hub(loops: 1)
        for _ in 0..<20 { _ = connected(hub, room: "call_1") }
        #expect(connected(hub, room: "call_2").contains("\"listeners\":1}"))
    }

    @Test func otherLoopsAreTakenToHaveAsMany() {
        let hub = hub(loops: 4)
        #expect(connected(hub, room: "call_1").contains("\"listeners\":4}"))
        #expect(connected(hub, room: "call_1").contains("\"listeners\":8}"))
    }
}
