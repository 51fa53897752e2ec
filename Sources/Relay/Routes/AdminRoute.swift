internal import Wire

/// A path below `/api/admin`.
enum AdminRoute: Equatable {
    case rejects
    case sources
    case streams
    case stream(id: WireText)
    case revoke
    case revocations
    case room(source: WireText, name: WireText)

    init?(_ path: ArraySlice<WireText>) {
        switch (path.first, path.count) {
        case ("rejects", 1): self = .rejects
        case ("sources", 1): self = .sources
        case ("streams", 1): self = .streams
        case ("streams", 2): self = .stream(id: path[path.startIndex + 1])
        case ("revoke", 1): self = .revoke
        case ("revocations", 1): self = .revocations
        case ("rooms", 3):
            self = .room(source: path[path.startIndex + 1], name: path[path.startIndex + 2])
        default: return nil
        }
    }

    /// What may be asked there.
    var methods: [String] {
        switch self {
        case .rejects, .sources, .streams: ["GET", "HEAD"]
        case .stream, .room: ["DELETE"]
        case .revoke: ["POST"]
        case .revocations: ["GET", "HEAD", "DELETE"]
        }
    }
}
