/// Reads what the streams of a process are shown: judges it, times it, counts it. Allocates nothing for an event.
final class Examiner {
    /// What the server did wrong.
    var faults = Faults()
    /// Latencies and counts.
    var tally: Tally
    /// How far the streams have come.
    private(set) var cursors: Cursors
    /// When a stream was last shown something that was due, on the steady clock.
    private(set) var lastProgressNanoseconds: Int64 = 0
    /// Whether latencies are noted: not while streams catch up with what they missed on purpose.
    var timesDeliveries = true
    /// Streams with lower numbers are not timed: they stall on purpose.
    private let firstTimed: Int
    /// When events are due, if they come at a steady rate: what a stream that comes later must not miss.
    var schedule: Schedule?
    private let marker: Marker
    private let audience: Audience
    /// The number of the first stream here, among those of all processes.
    private let firstStream: Int
    private let ids: LastIDs

    /// For the streams with these numbers.
    init(_ streams: Range<Int>, of audience: Audience, lanes: Int, firstTimed: Int, marker: Marker, epoch: Int64) {
        self.firstTimed = firstTimed
        self.marker = marker
        self.audience = audience
        firstStream = streams.lowerBound
        cursors = Cursors(streams: streams.count, lanes: lanes)
        ids = LastIDs(streams: streams.count)
        tally = Tally(epoch: epoch)
    }

    /// Takes a frame that a stream, opened at `opened`, was shown at `now`.
    func take(_ frame: UnsafeRawBufferPointer, stream: Int, openedAt opened: Int64, now: Int64) {
        let local = stream - firstStream
        if let place = Marker.id(in: frame),
            !ids.note(UnsafeRawBufferPointer(rebasing: frame[place]), of: local)
        {
            faults.note(.longID, "stream \(stream) was shown an id of \(place.count) bytes")
        }
        guard let label = marker.label(in: frame) else { return takeControl(frame, stream: stream) }
        let room = audience.room(of: stream)
        let isFresh = cursors.isFresh(stream: local, channel: label.channel, room: room)
        let verdict = cursors.take(stream: local, room: room, channel: label.channel, sequence: label.sequence)
        if isFresh {
            checkStart(label, stream: stream, opened: opened)
        } else if verdict != .due {
            note(verdict, label, stream: stream)
        }
        lastProgressNanoseconds = now
        tally.delivered(
            bytes: frame.count + 2,
            latencyNanoseconds: timesDeliveries && stream >= firstTimed ? now - label.dueNanoseconds : nil)
    }

    /// A frame of the server's own. Most say nothing that is looked at here.
    private func takeControl(_ frame: UnsafeRawBufferPointer, stream: Int) {
        if frame.position(of: Self.resync) != nil {
            faults.note(.resync, "stream \(stream) was told that what it holds may be stale")
        }
    }

    private static let resync = Array(#""type":"resync""#.utf8)

    /// What was due after a stream stood was published after that too, so it must not be missing.
    private func checkStart(_ label: Marker.Label, stream: Int, opened: Int64) {
        guard let schedule else { return }
        let first = schedule.firstSequence(of: label.channel, dueAfter: opened)
        guard label.sequence > first else { return }
        let count = label.sequence - first
        faults.note(
            .missing, count: count,
            "stream \(stream) came before event \(first) was due, and was shown event \(label.sequence) first")
    }

    private func note(_ verdict: Cursors.Verdict, _ label: Marker.Label, stream: Int) {
        let event = "event \(label.sequence) of channel \(label.channel)"
        switch verdict {
        case .due: break
        case .repeated: faults.note(.repeated, "stream \(stream) was shown \(event) again")
        case .late:
            faults.takeBack(.missing)
            faults.note(.outOfOrder, "stream \(stream) was shown \(event) after one that should follow it")
        case .skipped(let count):
            faults.note(.missing, count: count, "stream \(stream) was shown \(event), but not the \(count) before it")
        case .foreign:
            faults.note(.foreign, "stream \(stream) was shown \(event), which it did not ask for")
        }
    }

    /// What a stream resumes from.
    func lastID(of stream: Int) -> String? { ids.id(of: stream - firstStream) }

    /// Lets a stream begin anew, as somebody who was not here before.
    func forget(_ stream: Int) {
        cursors.forget(stream: stream - firstStream)
        ids.forget(stream - firstStream)
    }

    /// Compares where a stream stands with what was published on each channel of its room.
    /// - Returns: whether it was shown everything to the end.
    func checkEnd(of stream: Int, published: [Int]) -> Bool {
        let room = audience.room(of: stream)
        var isComplete = true
        for lane in 0..<cursors.lanes {
            let channel = room * cursors.lanes + lane
            let count = published[channel]
            guard let position = cursors.position(stream: stream - firstStream, lane: lane) else { continue }
            isComplete = isComplete && position == count
            if position < count {
                faults.note(
                    .missing, count: count - position,
                    "stream \(stream) was not shown the last \(count - position) events of channel \(channel)")
            } else if position > count {
                faults.note(.unknown, "stream \(stream) was shown events of channel \(channel) that nobody published")
            }
        }
        return isComplete
    }
}

/// When events are due: at a steady rate, and to each of some channels in turn.
struct Schedule: Codable, Equatable {
    /// When the first is, on the steady clock.
    let startNanoseconds: Int64
    /// How far they are apart.
    let intervalNanoseconds: Int64
    /// How many channels take turns.
    let channels: Int

    /// The first event of a channel that is due after `moment`.
    func firstSequence(of channel: Int, dueAfter moment: Int64) -> Int {
        let start = startNanoseconds + Int64(channel) * intervalNanoseconds
        return moment < start ? 0 : Int((moment - start) / (intervalNanoseconds * Int64(channels))) + 1
    }
}
