internal import EventLoop
internal import Events

/// What the log says of accepted webhooks at the level `info`: sums, since a line for each of thousands a second would
/// bury the lines that an operator looks for.
///
/// A source's first webhook after a quiet time is reported at the next look, so that an operator who sets up a
/// provider need not wait; later ones at most once in ``Limits/acceptedWebhooksMilliseconds``.
final class AcceptedWebhooks: Sendable {
    /// The webhooks of one source since its last line.
    struct Sum: Equatable {
        var webhooks = 0
        var duplicates = 0
        /// Bytes of the bodies.
        var bytes = 0
        /// The longest time from a whole request to its answer.
        var slowestMicroseconds: Int64 = 0
        /// When the first of them was answered, by the steady clock.
        var sinceMicroseconds: Int64 = 0
        /// When the source's last line was written, by the steady clock; nil if there was none lately.
        fileprivate var reportedAt: Int64?
    }

    private let sums = Locked<[String: Sum]>([:])

    /// Counts a webhook that was answered with 200. Without an allocation, but for the first one of a source.
    /// - Parameter now: microseconds by the steady clock.
    func add(source: String, bytes: Int, isDuplicate: Bool, startedMicroseconds: Int64, now: Int64) {
        sums.withLock { sums in
            func count(in sum: inout Sum) {
                if sum.webhooks == 0 { sum.sinceMicroseconds = now }
                sum.webhooks += 1
                if isDuplicate { sum.duplicates += 1 }
                sum.bytes += bytes
                sum.slowestMicroseconds = max(sum.slowestMicroseconds, now - startedMicroseconds)
            }
            count(in: &sums[source, default: Sum()])
        }
    }

    /// Takes the sums whose lines are due, in the order of the sources' names.
    /// - Parameter now: milliseconds by the steady clock.
    /// - Parameter isLast: takes all that there are.
    func take(now: Int64, isLast: Bool = false) -> [(source: String, sum: Sum)] {
        sums.withLock { sums in
            var due: [(source: String, sum: Sum)] = []
            for (source, sum) in sums {
                let isResting = sum.reportedAt.map { now - $0 < Limits.acceptedWebhooksMilliseconds } ?? false
                guard isLast || !isResting else { continue }
                if sum.webhooks > 0 { due.append((source, sum)) }
                // A source that is quiet, or gone from the settings, is forgotten.
                sums[source] = sum.webhooks > 0 ? Sum(reportedAt: now) : nil
            }
            return due.sorted { $0.source < $1.source }
        }
    }
}

extension RelayContext {
    /// Writes the lines of accepted webhooks that are due.
    /// - Parameter isLast: writes what there is, since no other time will come.
    func reportAcceptedWebhooks(isLast: Bool = false) {
        for (source, sum) in acceptedWebhooks.take(now: System.steadyMilliseconds(), isLast: isLast) {
            requests.accepted(source: source, sum, now: System.steadyMicroseconds())
        }
    }
}
