/// What a server did wrong, counted by kind; the first of each kind in words.
struct Faults: Codable {
    /// How many of a kind are told one by one.
    static let listedOfAKind = 10

    /// A kind of fault.
    enum Kind: String, Codable, CaseIterable {
        /// An event that a stream was never shown.
        case missing
        /// An event that a stream was shown more than once.
        case repeated
        /// An event that came after one which should have followed it.
        case outOfOrder = "out of order"
        /// Events of several publishers that came to one stream in another order than to another.
        case otherOrder = "in another order"
        /// An event of a room that the stream did not ask for.
        case foreign = "of another room"
        /// An event that nobody published.
        case unknown
        /// A stream that was not let in, or not in time.
        case notOpened = "not opened"
        /// A stream that the server ended.
        case ended
        /// A stream that was told that what it holds may be stale.
        case resync
        /// An event that was not answered with success.
        case notPublished = "not published"
        /// A publisher's connection that ended.
        case publisherLost = "publisher lost"
        /// A place from which nobody can resume, since its id is too long to be kept here.
        case longID = "id too long"
    }

    private struct Entry: Codable {
        var count = 0
        /// How often this was noted, which is less than the count when one sentence tells of several.
        var notes = 0
        var sentences: [String] = []
    }

    private var entries: [Kind: Entry] = [:]

    /// Notes faults of one kind.
    /// - Parameter sentence: what happened, said only if it is among the first.
    mutating func note(_ kind: Kind, count: Int = 1, _ sentence: @autoclosure () -> String) {
        entries[kind, default: Entry()].count += count
        entries[kind, default: Entry()].notes += 1
        if entries[kind, default: Entry()].sentences.count < Self.listedOfAKind {
            entries[kind, default: Entry()].sentences.append(sentence())
        }
    }

    /// Takes back one fault: what was missing has come after all.
    mutating func takeBack(_ kind: Kind) {
        entries[kind]?.count -= 1
    }

    /// Adds what another process saw.
    mutating func add(_ other: Faults) {
        for (kind, entry) in other.entries {
            entries[kind, default: Entry()].count += entry.count
            entries[kind, default: Entry()].notes += entry.notes
            let room = Self.listedOfAKind - entries[kind, default: Entry()].sentences.count
            entries[kind, default: Entry()].sentences += entry.sentences.prefix(max(0, room))
        }
    }

    /// How many there were.
    var count: Int { entries.values.reduce(0) { $0 + $1.count } }

    /// The kinds that occurred, in their order above.
    var byKind: [(kind: Kind, count: Int)] {
        Kind.allCases.compactMap { kind in
            entries[kind].flatMap { $0.count > 0 ? (kind, $0.count) : nil }
        }
    }

    /// Whether the sentences tell of all of them.
    var isListed: Bool { entries.values.allSatisfy { $0.notes <= $0.sentences.count } }

    /// The first of each kind, a sentence each.
    var sentences: [String] { Kind.allCases.flatMap { entries[$0]?.sentences ?? [] } }
}
