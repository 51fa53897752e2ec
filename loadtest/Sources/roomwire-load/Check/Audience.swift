/// Which stream listens to which room.
struct Audience: Codable, Equatable {
    /// How many streams there are.
    let streams: Int
    /// How many rooms.
    let rooms: Int
    /// How many of the first streams share room 0, the others the other rooms; nil: all rooms have their share.
    let followers: Int?

    /// Streams that take turns through the rooms, or of which the first are alone in room 0.
    init(streams: Int, rooms: Int = 1, followers: Int? = nil) {
        self.streams = streams
        self.rooms = max(rooms, followers == nil ? 1 : 2)
        self.followers = followers
    }

    /// The room of a stream.
    func room(of stream: Int) -> Int {
        guard let followers else { return stream % rooms }
        return stream < followers ? 0 : 1 + (stream - followers) % (rooms - 1)
    }

    /// How many streams listen to each room.
    var members: [Int] {
        var members = [Int](repeating: 0, count: rooms)
        for stream in 0..<streams { members[room(of: stream)] += 1 }
        return members
    }

    /// The name of a room.
    static func name(of room: Int) -> String { "load-\(room)" }

    /// Appends the name of a room.
    static func appendName(of room: Int, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "load-".utf8)
        bytes.appendDigits(room)
    }

    /// The name of a stream's user.
    static func user(of stream: Int) -> String { "listener-\(stream)" }
}
