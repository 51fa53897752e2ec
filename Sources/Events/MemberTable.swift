package import Wire

/// The members of one room.
///
/// Each commit hands out a copy of the rooms that it changed, and a change of a shared copy copies what it touches. So a
/// large table is many small sets: a join into a room of ten thousand copies some 160 references and not all of them.
package struct MemberTable: Sendable {
    /// A member in a set, told apart by whose it is alone.
    private struct Slot: Hashable, Sendable {
        let member: Member

        static func == (left: Slot, right: Slot) -> Bool { left.member.principal == right.member.principal }

        func hash(into hasher: inout Hasher) { hasher.combine(member.principal) }
    }

    /// Up to so many members are one set.
    private static let smallCount = 128
    private static let shardCount = 64

    private var shards: [Set<Slot>] = []
    /// How many there are.
    package private(set) var count = 0

    /// No members.
    package init() {}

    /// A table of these; of several with one principal the last counts.
    package init(_ members: some Sequence<Member>) {
        for member in members { set(member) }
    }

    /// True if there are none.
    package var isEmpty: Bool { count == 0 }

    /// True if a member has the same user and issuer.
    package func contains(_ member: Member) -> Bool {
        let slot = Slot(member: member)
        return !isEmpty && shards[index(of: slot)].contains(slot)
    }

    /// Puts a member in, in place of the one with the same user and issuer if there is one.
    package mutating func set(_ member: Member) {
        if shards.isEmpty { shards = [[]] }
        if shards.count == 1, count >= Self.smallCount { spread() }
        let slot = Slot(member: member)
        if shards[index(of: slot)].update(with: slot) == nil { count += 1 }
    }

    /// Takes out the member with the same user and issuer.
    package mutating func remove(_ member: Member) {
        guard !isEmpty else { return }
        let slot = Slot(member: member)
        guard shards[index(of: slot)].remove(slot) != nil else { return }
        count -= 1
        if isEmpty { shards = [] }
    }

    /// All of them, in no order.
    package var all: some Sequence<Member> { shards.lazy.joined().map(\.member) }

    /// All of them by the time of coming, then by issuer and user.
    package var inOrder: [Member] {
        all.sorted { left, right in
            if left.since != right.since { return left.since < right.since }
            let (one, other) = (left.principal, right.principal)
            return one.issuer == other.issuer ? one.user < other.user : one.issuer < other.issuer
        }
    }

    /// Writes a list of all, in order.
    package func write(to writer: inout JSONWriter) {
        writer.array { writer in
            for member in inOrder { writer.object(member.write) }
        }
    }

    private mutating func spread() {
        let slots = shards[0]
        shards = Array(repeating: [], count: Self.shardCount)
        for slot in slots { shards[index(of: slot)].insert(slot) }
    }

    private func index(of slot: Slot) -> Int {
        // Not the bits by which the sets themselves sort.
        shards.count == 1 ? 0 : Int(truncatingIfNeeded: slot.hashValue >> 40) & (Self.shardCount - 1)
    }
}

extension MemberTable: Equatable {
    /// True if both hold the same members, each with the same content.
    package static func == (left: MemberTable, right: MemberTable) -> Bool {
        left.count == right.count && left.inOrder == right.inOrder
    }
}
