/// The order in which every stream must show what was published: each event once, none missing.
///
/// A single publisher fixes the order itself. With several at work the server does; then the stream that is
/// furthest ahead writes the order down, and all the others must show the same.
struct Ledger {
    /// What an event is to the stream that shows it.
    enum Verdict: Equatable {
        /// The one that was due.
        case due
        /// It was shown before, or comes after one that should follow it.
        case repeated
        /// Due, but for so many that should have come before it.
        case skipped(Int)
        /// Not what the other streams were shown here.
        case misplaced
        /// Nobody has published it.
        case unknown
    }

    /// How many events have been published.
    private(set) var publishedCount = 0
    private let isOrderKnown: Bool
    private var order: [Int] = []
    /// An event's place in `order`, by its number; -1 while it has none.
    private var places: [Int] = []
    /// The ids that the server gave, by place.
    private var ids: [String?] = []

    /// A ledger without events.
    /// - Parameter isOrderKnown: whether events must be shown in the order in which they are published.
    init(isOrderKnown: Bool) {
        self.isOrderKnown = isOrderKnown
    }

    /// Enters the next event, and gives its number.
    mutating func publish() -> Int {
        let number = publishedCount
        publishedCount += 1
        places.append(-1)
        if isOrderKnown { assignPlace(number) }
        return number
    }

    private mutating func assignPlace(_ number: Int) {
        places[number] = order.count
        order.append(number)
        ids.append(nil)
    }

    /// Judges event `number`, shown to the stream that has seen the first `cursor` events, and moves the cursor.
    mutating func take(_ number: Int, cursor: inout Int) -> Verdict {
        guard places.indices.contains(number) else { return .unknown }
        if places[number] < 0 {
            guard cursor == order.count else { return .misplaced }
            assignPlace(number)
        }
        let place = places[number]
        guard place >= cursor else { return .repeated }
        let skipped = place - cursor
        cursor = place + 1
        return skipped == 0 ? .due : .skipped(skipped)
    }

    /// Whether the id of event `number` is still to be noted.
    func lacksID(_ number: Int) -> Bool {
        places.indices.contains(number) && places[number] >= 0 && ids[places[number]] == nil
    }

    /// Notes the id under which the server shows event `number`.
    mutating func note(id: String, of number: Int) {
        guard places.indices.contains(number), places[number] >= 0 else { return }
        ids[places[number]] = id
    }

    /// The id of the last event before `cursor`: what a stream resumes from.
    func id(before cursor: Int) -> String? {
        ids.indices.contains(cursor - 1) ? ids[cursor - 1] : nil
    }
}
