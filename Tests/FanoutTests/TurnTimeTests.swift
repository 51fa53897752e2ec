import Events
import Fanout
import Testing
import Wire

struct TurnTimeTests {
    /// A subscriber that reads the log from its beginning and whose filter admits nothing of it.
    private func blind(_ stage: Stage) -> Subscriber {
        let filter = EventFilter(granted: .everything, requested: EventScope(rooms: PatternSet(["no*ne"])))
        return stage.hub.subscribe(
            Subscription(user: "ada", filter: filter, start: .oldest), outlet: TestOutlet())
    }

    @Test
    func aTurnWithoutTimeLooksAtFewEventsAndGetsOn() {
        let stage = Stage()
        stage.commit(200)
        let subscriber = blind(stage)
        stage.hub.turnIsOver = { true }
        var before = 0
        for _ in 0..<20 where subscriber.cursor < stage.hub.head {
            stage.hub.runTurn()
            let place = stage.log.count { $0.id <= subscriber.cursor }
            #expect(place > before)
            #expect(place - before <= Limits.turnClockEvents)
            before = place
        }
        #expect(subscriber.cursor == stage.hub.head)
    }

    @Test
    func aTurnWhoseTimeIsOverLeavesTheOthersToTheNext() {
        let stage = Stage()
        stage.commit(10)
        let subscribers = (0..<3).map { _ in blind(stage) }
        var questions = 0
        stage.hub.turnIsOver = {
            questions += 1
            return true
        }
        stage.hub.runTurn()
        #expect(questions == 1)
        #expect(subscribers.count { $0.cursor == stage.hub.head } == 1)
        stage.hub.runTurn()
        stage.hub.runTurn()
        #expect(subscribers.allSatisfy { $0.cursor == stage.hub.head })
    }
}
