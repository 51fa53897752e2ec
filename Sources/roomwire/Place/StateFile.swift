internal import Events
internal import Glibc
internal import Platform

/// The file in which `tail --state` keeps its place, locked against a second process.
final class StateFile: Sendable {
    private let path: String
    private let empty: SavedPlace
    private let lock: FileLock
    /// The place that the file had when it was opened; nil if it was new.
    let place: EventID?

    /// A place is far below; anything larger is another file.
    private static let mostBytes = 256 * 1024

    /// Opens a state file: locks it, reads it, and checks that it can be replaced.
    /// - Parameter place: the stream that is followed, without an id.
    init(path: String, for place: SavedPlace) throws(Failure) {
        self.path = path
        empty = place
        do throws(SystemError) {
            lock = try FileLock(path: path + ".lock")
        } catch {
            guard error.code == EWOULDBLOCK else { throw .invalid("--state: \(error)") }
            throw .refused("another roomwire tail uses \(path): \(path).lock is locked")
        }
        self.place = try Self.read(path, place)
        do throws(SystemError) {
            try save(self.place)
        } catch {
            throw .invalid("--state: \(error)")
        }
    }

    private static func read(_ path: String, _ expected: SavedPlace) throws(Failure) -> EventID? {
        let bytes: [UInt8]?
        do throws(SystemError) {
            bytes = try System.readOwnFile(path, mostBytes: mostBytes)
        } catch {
            switch error.code {
            case ELOOP: throw .invalid("\(path) is a symbolic link; --state takes the path of the file itself")
            case EINVAL, EISDIR: throw .invalid("\(path) is not a regular file")
            case EFBIG: throw .invalid("\(path) is too large for a state file of roomwire tail; give another path")
            default: throw .invalid("--state: \(error)")
            }
        }
        guard let bytes else { return nil }
        do throws(SavedPlace.FileError) {
            let stored = try SavedPlace(file: bytes)
            try expected.checkSameStream(as: stored)
            return stored.lastEventID
        } catch {
            throw .invalid(Terminal.harmless("\(path) \(error.problem)"))
        }
    }

    /// Replaces the file durably.
    func save(_ id: EventID?) throws(SystemError) {
        var place = empty
        place.lastEventID = id
        try System.replaceOwnFile(path, with: place.bytes)
    }
}
