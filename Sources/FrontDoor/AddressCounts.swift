internal import Platform
internal import Wire

/// How many ordinary connections each address has open, at all doors of the process. Streams are not among them.
public final class AddressCounts: Sendable {
    private let counts = Locked<[WireText: Int]>([:])
    private let most: Int

    /// A bound of so many for each address.
    public init(most: Int) {
        self.most = most
    }

    /// Counts a connection in.
    /// - Returns: whether the address has no more than it may.
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
