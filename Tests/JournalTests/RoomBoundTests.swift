import Events
import Testing
import Wire

@testable import Journal

/// How many rooms may be open.
struct RoomBoundTests {
    private func driver(most rooms: Int) -> FoldDriver {
        var driver = FoldDriver()
        driver.fold.mostRooms = rooms
        return driver
    }

    @Test func oneRoomMoreIsLoggedAndNotKept() {
        var driver = driver(most: 2)
        driver.apply(Make.started(room: "a"), Make.joined("PA_1", room: "b"))
        #expect(driver.apply(Make.started(room: "c")).map(\.isUntracked) == [true])
        #expect(driver.apply(Make.joined("PA_2", room: "d")).map(\.isUntracked) == [true])
        #expect(driver.fold.roomCount == 2)
        #expect(driver.room("c") == nil && driver.room("d") == nil)
        // What goes on there is logged as it comes.
        #expect(driver.apply(Make.left("PA_2", room: "d")).summary == ["participant_left PA_2"])
        #expect(driver.apply(Make.finished(room: "d")).summary == ["room_finished"])
    }

    @Test func roomsThatAreOpenGoOnAtTheBound() {
        var driver = driver(most: 1)
        driver.apply(Make.started())
        #expect(driver.apply(Make.joined("PA_1")).map(\.isUntracked) == [false])
        #expect(driver.apply(Make.started("RM_2", at: 60_000)).map(\.isUntracked) == [false, false, false])
        #expect(driver.room()?.room.id == "RM_2")
    }

    @Test func aFinishMakesRoom() {
        var driver = driver(most: 1)
        driver.apply(Make.started(room: "a"), Make.started(room: "b"), Make.finished(room: "a"))
        #expect(driver.apply(Make.joined("PA_1", room: "b")).map(\.isUntracked) == [false])
        #expect(driver.present("b") == ["PA_1"])
    }

    @Test func theBoundCountsWhatTheSameBatchOpensAndCloses() {
        var fold = RoomFold()
        fold.mostRooms = 2
        var head = EventID.zero
        func apply(_ event: Event) -> [Bool] {
            fold.apply(event) {
                head = head.next(at: start)
                return head
            }.map(\.event.isUntracked)
        }
        #expect(apply(Make.started(room: "a")) == [false])
        #expect(apply(Make.started(room: "b")) == [false])
        #expect(apply(Make.started(room: "c")) == [true])
        #expect(apply(Make.finished(room: "b")) == [false])
        #expect(apply(Make.started(room: "c")) == [false])
        #expect(apply(Make.started(room: "b")) == [true])
        fold.commit()
        #expect(fold.roomCount == 2)
    }

    @Test func recordingTheLogUnderAnotherBoundGivesTheSameRooms() {
        var driver = driver(most: 1)
        driver.apply(Make.started(room: "a"), Make.joined("PA_1", room: "b"), Make.joined("PA_2", room: "a"))
        for bound in [nil, 1, 5] {
            var fold = RoomFold()
            fold.mostRooms = bound
            for (id, event) in driver.log { fold.record(event, id: id) }
            fold.commit()
            #expect(fold.rooms == driver.fold.rooms)
        }
    }

    @Test func whatIsLoggedTellsItAfterARestart() throws {
        let folder = try TemporaryFolder()
        let home = try folder.home(rooms: RoomBounds(rooms: 1))
        let drafts = [Make.draft(Make.started(room: "a")), Make.draft(Make.started(room: "b"))]
        let commit = try home.append(drafts, now: start)
        #expect(commit.events.map(\.event.isUntracked) == [false, true])
        #expect(try home.size().rooms == 1)
        let again = try folder.crashed().home(rooms: RoomBounds(rooms: nil))
        #expect(try again.sortedRooms() == home.sortedRooms())
        #expect(try again.all().last?.text.contains(#""untracked":true"#) == true)
    }
}
