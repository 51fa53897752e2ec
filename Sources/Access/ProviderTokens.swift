import Events
internal import Wire

/// LiveKit's access tokens: whoever may join a room may watch it.
///
/// Claims of lk/protocol `auth/{accesstoken,grants}.go`. Neither raw bodies nor the admin API come with them.
enum LiveKitToken {
    static func user(_ claims: JSONObject) throws(AccessRefusal) -> WireText {
        // LiveKit takes jti where sub is empty.
        let names = [claims["sub"], claims["jti"]].compactMap { $0?.string }
        guard let user = names.first(where: { !$0.isEmpty }) else {
            throw AccessRefusal(.malformedToken, "The LiveKit token has no identity: neither sub nor jti.")
        }
        return user
    }

    static func rooms(_ claims: JSONObject) throws(AccessRefusal) -> PatternSet {
        guard let video = claims["video"]?.object else {
            throw AccessRefusal(.grantCoversNothing, "The LiveKit token has no video grant.")
        }
        if video["roomList"]?.bool == true { return .all }
        guard video["roomJoin"]?.bool == true || video["roomAdmin"]?.bool == true else {
            throw AccessRefusal(.grantCoversNothing, "The LiveKit token has none of roomJoin, roomAdmin, roomList.")
        }
        guard let room = video["room"]?.string, !room.isEmpty else {
            throw AccessRefusal(.grantCoversNothing, "The LiveKit token names no room.")
        }
        return try PatternSet(exactly: room)
    }
}

/// Daily's self-signed meeting tokens.
///
/// Claims of docs.daily.co, "Self-signing tokens": `r` room, `d` domain id, `iat`, and `ud` user id. `o`, owner of
/// the meeting, allows nothing more here: it says who may mute others, not who may see raw bodies.
enum DailyToken {
    /// Only these have a domain id.
    static func isLikely(_ claims: JSONObject) -> Bool { claims["d"]?.string != nil && claims["iss"] == nil }

    static func user(_ claims: JSONObject) throws(AccessRefusal) -> WireText {
        guard let user = claims["ud"]?.string, !user.isEmpty else {
            throw AccessRefusal(.malformedToken, "The Daily token names no user: ud is missing or no text.")
        }
        return user
    }

    static func rooms(_ claims: JSONObject) throws(AccessRefusal) -> PatternSet {
        guard let room = claims["r"]?.string, !room.isEmpty else {
            throw AccessRefusal(.grantCoversNothing, "The Daily token names no room.")
        }
        return try PatternSet(exactly: room)
    }
}

extension PatternSet {
    /// The set of one name, in which a `*` would be a letter like any other.
    fileprivate init(exactly name: WireText) throws(AccessRefusal) {
        guard Pattern(name).isExact else {
            throw AccessRefusal(.grantCoversNothing, "The token's room has a * in its name, which no grant can cover.")
        }
        self.init([name])
    }
}
