internal import API
internal import Platform
internal import Telemetry
internal import Wire

extension RelayContext {
    /// Logs the accepted webhooks whose lines are due.
    /// - Parameter isLast: true to log all of them, because the relay stops.
    func reportAcceptedWebhooks(isLast: Bool = false) {
        let now = SteadyTime.now()
        for (source, sum) in shared.acceptedWebhooks.take(now: now, isLast: isLast) {
            shared.requests.accepted(source: source, sum, now: now)
        }
    }
}
