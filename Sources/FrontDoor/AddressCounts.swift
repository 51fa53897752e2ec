internal import Platform
internal import Wire

/// Counts the open connections of each address, at all doors of the process. Streams are not counted.
package final class AddressCounts: Sendable {
    private let counts = Locked<[WireText: Int]>([:])
    private let most: Int

    /// A bound of `most` connections for each address.
    package init(most: Int) {
        self.most = most
    }

    /// Adds a connection.
    /// - Returns: false if the address has more connections than it may have.
    func add(_ address: WireText) -> Bool {
        counts.withLock { counts in
            counts[address, default: 0] += 1
            return counts[address, default: 0] <= most
        }
    }

    func remove(_ address: WireText) {
        counts.withLock { counts in
            guard let count = counts[address] else { return }
            counts[address] = count > 1 ? count - 1 : nil
        }
    }
}
