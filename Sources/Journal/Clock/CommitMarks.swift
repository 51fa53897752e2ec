internal import Events
internal import Wire

/// When the events of this run were committed, by a clock that never steps, in bounded memory.
///
/// A mark stands for the events of a span of time. The spans are about 1/2000 of the whole, so that an age is as exact
/// for a minute as for a month.
struct CommitMarks: Sendable {
    private struct Mark: Sendable {
        let first: Int64
        var last: Int64
        var through: EventID
    }

    private var marks: [Mark] = []

    /// How many marks there are; at most ``Limits/commitMarks``.
    var count: Int { marks.count }

    /// The events after the last mark, up to `id`, were committed at `time`.
    mutating func append(through id: EventID, at time: Int64) {
        if let last = marks.last, time - last.first < span(at: time) {
            marks[marks.count - 1].last = time
            marks[marks.count - 1].through = id
            return
        }
        if marks.count == Limits.commitMarks { mergePairs() }
        marks.append(Mark(first: time, last: time, through: id))
    }

    /// Events up to `id` are not asked for any more.
    mutating func remove(through id: EventID) {
        guard let first = marks.first, first.through <= id else { return }
        marks.removeFirst(index(of: id.next))
    }

    /// When an event was committed: not before it was, and at most a span later. Nil if it has no mark.
    func time(of id: EventID) -> Int64? {
        let index = index(of: id)
        return index < marks.count ? marks[index].last : nil
    }

    private static let leastSpan: Int64 = 50

    private func span(at time: Int64) -> Int64 {
        max(Self.leastSpan, (time - (marks.first?.first ?? time)) / Int64(Limits.commitMarks / 2))
    }

    /// The first mark that reaches `id`.
    private func index(of id: EventID) -> Int {
        var (low, high) = (0, marks.count)
        while low < high {
            let middle = (low + high) / 2
            if marks[middle].through < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func mergePairs() {
        marks = stride(from: 0, to: marks.count, by: 2).map { index in
            let last = marks[min(index + 1, marks.count - 1)]
            return Mark(first: marks[index].first, last: last.last, through: last.through)
        }
    }
}

extension EventID {
    fileprivate var next: EventID { EventID(rawValue: rawValue + 1) }
}
