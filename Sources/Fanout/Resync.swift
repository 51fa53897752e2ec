package import Events
internal import Wire

/// Tells a client that everything it holds may be stale: events are missing before the next one.
package struct Resync: Sendable, Equatable {
    /// Why.
    package enum Reason: String, Sendable {
        /// The client's cursor is older than what retention left.
        case expired
        /// The client's cursor is none of this log's ids.
        case unknown
        /// The client's cursor is no id at all.
        case malformed
    }

    /// Why.
    package let reason: Reason
    /// The oldest cursor that misses nothing.
    package let oldest: EventID

    /// The message as JSON.
    package var json: [UInt8] {
        JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("type", ControlType.resync.rawValue)
                write(to: &writer)
            }
        }
    }

    /// Writes the members behind `type`.
    func write(to writer: inout JSONWriter) {
        writer.member("reason", reason.rawValue)
        writer.member("oldestId", id: oldest)
    }
}
