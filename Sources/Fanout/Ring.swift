internal import Events
internal import Wire

/// The latest events, in memory. Subscribers that lag a little catch up from here without a read of the journal.
struct Ring {
    private var storage: [JournalEvent] = []
    private var first = 0
    private var bytes = 0
    private let limitEvents: Int
    private let limitBytes: Int

    /// Every event after this id and up to ``head`` is here.
    private(set) var floor: EventID
    /// The newest event.
    private(set) var head: EventID

    /// An empty ring that begins at the end of the journal.
    init(head: EventID, limitEvents: Int, limitBytes: Int) {
        floor = head
        self.head = head
        self.limitEvents = limitEvents
        self.limitBytes = limitBytes
    }

    var events: ArraySlice<JournalEvent> { storage[first...] }

    mutating func append(_ event: JournalEvent) {
        precondition(event.id > head, "events come in the order of their ids")
        storage.append(event)
        bytes += event.bytes
        head = event.id
        while storage.count - first > limitEvents || (bytes > limitBytes && storage.count - first > 1) {
            let oldest = storage[first]
            bytes -= oldest.bytes
            floor = oldest.id
            first += 1
        }
        compact()
    }

    /// Removes the events that the journal has trimmed: retention also promises that events are deleted.
    mutating func drop(through id: EventID) {
        while first < storage.count, storage[first].id <= id {
            bytes -= storage[first].bytes
            floor = storage[first].id
            first += 1
        }
        compact()
    }

    private mutating func compact() {
        // Dropped events are freed when the others move down. That happens each time a sixteenth of the storage is
        // dropped, so few dropped events stay in memory, and an event costs the moving of sixteen references.
        guard first == storage.count || (first > 64 && first * 16 >= storage.count) else { return }
        storage.removeFirst(first)
        first = 0
    }

    /// The index in ``events`` of the first event after `cursor`.
    func index(after cursor: EventID) -> Int {
        var low = first
        var high = storage.count
        while low < high {
            let middle = (low + high) / 2
            if storage[middle].id <= cursor { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// True when an event with exactly this id is in the ring, or one whose place this id is.
    func knows(_ id: EventID) -> Bool {
        let index = index(after: id)
        if index > first && storage[index - 1].id == id { return true }
        return index < storage.count && id.isPlace(before: storage[index].id)
    }
}
