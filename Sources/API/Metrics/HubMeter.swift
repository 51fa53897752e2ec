package import Events
package import Fanout
package import Wire

/// Measures one loop's hub for the metrics page.
package struct HubMeter {
    /// Between two censuses while streams are behind, which look at every one of them.
    private static let censusMilliseconds: Int64 = 1000

    private var census = Census()
    private var censusDue = SteadyTime.distantPast
    private var latency = Histogram(bounds: Histogram.latencyBoundsSeconds)

    /// A meter that has measured nothing yet.
    package init() {}

    /// Events went to somebody: how long it took from their receipt, once an event, not once a delivery.
    package mutating func wasDelivered(_ events: [JournalEvent], now: WallTime) {
        for logged in events { latency.record(Double(now - logged.event.receivedAt) / 1000) }
    }

    /// What the hub has to tell.
    package mutating func reading(of hub: Hub, now: SteadyTime) -> HubReading {
        if hub.isAllLive || now >= censusDue {
            census = hub.census()
            censusDue = now + Self.censusMilliseconds
        }
        return HubReading(census: census, counters: hub.counters, latency: latency)
    }
}
