internal import API
internal import Platform
internal import Telemetry
internal import Wire

extension RelayContext {
    /// Writes the lines of accepted webhooks that are due.
    /// - Parameter isLast: writes what there is, since no other time will come.
    func reportAcceptedWebhooks(isLast: Bool = false) {
        let now = SteadyTime.now()
        for (source, sum) in shared.acceptedWebhooks.take(now: now, isLast: isLast) {
            shared.requests.accepted(source: source, sum, now: now)
        }
    }
}
