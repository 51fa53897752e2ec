internal import Events
internal import Wire

/// A snapshot as lines for people, one for each room.
enum SnapshotLines {
    /// Nil if the data is not a snapshot.
    static func text(_ data: String) -> [String]? {
        guard let object = (try? JSONReader.value(data))?.object, object["type"]?.string == "snapshot",
            let rooms = object["rooms"]?.array?.compactMap(\.object)
        else { return nil }
        guard !rooms.isEmpty else { return ["no room is open"] }
        return rooms.map { room in
            let people = (room["participants"]?.array ?? []).compactMap(\.object).map { person in
                (person["identity"]?.string ?? person["id"]?.string ?? "?").string
            }
            let inside = people.isEmpty ? "nobody" : people.joined(separator: ", ")
            return Terminal.harmless("\(room["name"]?.string?.string ?? "?") is open; inside: \(inside)")
        }
    }
}
