internal import Events
internal import Wire

/// The place that `tail --state` continues from, as its file has it:
/// `{"relay":"http://127.0.0.1:3001/api","filter":["room=call_*"],"lastEventId":"1795201856123-0"}`.
struct SavedPlace: Equatable {
    /// The address of the relay's API.
    let relay: WireText
    /// The filter's parameters, `name=value`, sorted.
    let filter: [WireText]
    /// The id to resume after; nil before the first connection.
    var lastEventID: EventID?

    /// No place yet, for a relay and a filter.
    init(relay: String, filter: [(name: String, value: String)]) {
        self.relay = WireText(relay)
        self.filter = filter.map { WireText("\($0.name)=\($0.value)") }.sorted()
    }

    /// Why a file cannot be used, as the rest of a sentence that begins with its path.
    struct FileError: Error, Equatable {
        let problem: String
    }

    /// Parses a state file.
    init(file bytes: [UInt8]) throws(FileError) {
        let foreign = FileError(problem: "is not a state file of roomwire tail; give another path, or remove it")
        guard let object = (try? JSONReader.value(bytes))?.object else {
            throw FileError(problem: "is damaged: it is not JSON; remove it to begin without a place")
        }
        guard Set(object.members.map(\.name)) == ["relay", "filter", "lastEventId"],
            let relay = object["relay"]?.string, let listed = object["filter"]?.array
        else { throw foreign }
        let filter = listed.compactMap(\.string)
        guard filter.count == listed.count, let place = object["lastEventId"] else { throw foreign }
        self.relay = relay
        self.filter = filter
        guard !place.isNull else { return }
        guard let id = place.string.flatMap({ EventID($0) }) else {
            throw FileError(problem: "is damaged: its lastEventId is not an id; remove it to begin without a place")
        }
        lastEventID = id
    }

    /// Checks that a stored place is one in the same stream as this one.
    func checkSameStream(as stored: SavedPlace) throws(FileError) {
        guard stored.relay == relay else {
            throw FileError(
                problem:
                    "holds a place of the relay \(stored.relay), not of \(relay); use one state file for each relay")
        }
        guard stored.filter == filter else {
            throw FileError(
                problem:
                    "holds a place of the filter \(Self.text(stored.filter)), not of \(Self.text(filter)); use one "
                    + "state file for each filter")
        }
    }

    private static func text(_ filter: [WireText]) -> String {
        filter.isEmpty ? "(none)" : filter.map(\.string).joined(separator: " ")
    }

    /// The file's content.
    var bytes: [UInt8] {
        JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("relay", relay)
                writer.name("filter")
                writer.value(.array(filter.map { .string($0) }))
                writer.member("lastEventId", lastEventID.map { .string(WireText("\($0)")) } ?? .null)
            }
        } + [UInt8(ascii: "\n")]
    }
}
