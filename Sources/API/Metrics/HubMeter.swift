package import Events
package import Fanout
package import Wire

/// Measures the hub of one loop for the metrics page.
package struct HubMeter {
    /// The time between two censuses while streams are behind. A census then examines each of those.
    private static let censusMilliseconds: Int64 = 1000

    private var census = Census()
    private var censusDue = SteadyTime.distantPast
    private var latency = Histogram(bounds: Histogram.latencyBoundsSeconds)

    /// A meter that has measured nothing yet.
    package init() {}

    /// Records how long events took from their receipt to the sockets: once an event, not once a delivery.
    package mutating func wasDelivered(_ events: [JournalEvent], now: WallTime) {
        for logged in events { latency.record(Double(now - logged.event.receivedAt) / 1000) }
    }

    /// The hub's counts as of now.
    package mutating func reading(of hub: Hub, now: SteadyTime) -> HubReading {
        if hub.isAllLive || now >= censusDue {
            census = hub.census()
            censusDue = now + Self.censusMilliseconds
        }
        return HubReading(census: census, counters: hub.counters, latency: latency)
    }
}
