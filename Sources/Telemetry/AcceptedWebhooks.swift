internal import Events
internal import Platform
package import Wire

/// Sums of accepted webhooks for the log at the level `info`: at thousands of webhooks a second, a line for each would
/// hide all other lines.
///
/// A source's first webhook after a quiet time is reported at the next check, so that an operator who sets up a
/// provider need not wait; later ones at most once in ``Limits/acceptedWebhooksMilliseconds``.
package final class AcceptedWebhooks: Sendable {
    /// The webhooks of one source since its last line.
    package struct Sum: Equatable {
        var webhooks = 0
        var duplicates = 0
        /// Bytes of the bodies.
        var bytes = 0
        /// The longest time from a whole request to its answer.
        var slowestMicroseconds: Int64 = 0
        /// When the first of them was answered.
        var since = SteadyTime.distantPast
        /// When the source's last line was written; nil if there was none lately.
        fileprivate var reportedAt: SteadyTime?
    }

    private let sums = Locked<[String: Sum]>([:])

    /// None yet.
    package init() {}

    /// Counts a webhook that was answered with 200. Allocates only for the first one of a source.
    /// - Parameter microseconds: from the whole request to its answer.
    package func add(source: String, bytes: Int, isDuplicate: Bool, microseconds: Int64, now: SteadyTime) {
        sums.withLock { sums in
            func count(in sum: inout Sum) {
                if sum.webhooks == 0 { sum.since = now }
                sum.webhooks += 1
                if isDuplicate { sum.duplicates += 1 }
                sum.bytes += bytes
                sum.slowestMicroseconds = max(sum.slowestMicroseconds, microseconds)
            }
            count(in: &sums[source, default: Sum()])
        }
    }

    /// Removes and returns the sums whose lines are due, in the order of the sources' names.
    /// - Parameter isLast: true to return all sums.
    package func take(now: SteadyTime, isLast: Bool = false) -> [(source: String, sum: Sum)] {
        sums.withLock { sums in
            var due: [(source: String, sum: Sum)] = []
            for (source, sum) in sums {
                let isResting = sum.reportedAt.map { now - $0 < Limits.acceptedWebhooksMilliseconds } ?? false
                guard isLast || !isResting else { continue }
                if sum.webhooks > 0 { due.append((source, sum)) }
                // Sources without webhooks, or no longer in the settings, are removed.
                sums[source] = sum.webhooks > 0 ? Sum(reportedAt: now) : nil
            }
            return due.sorted { $0.source < $1.source }
        }
    }
}
