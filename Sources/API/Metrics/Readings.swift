internal import Events
internal import Fanout
package import Journal
internal import Platform
package import Telemetry
internal import Wire

/// The counts of one loop's hub, for the metrics page.
package struct HubReading: Sendable {
    let census: Census
    let counters: HubCounters
    /// Seconds from a webhook's receipt until this loop had written its event to the sockets: one measurement for each
    /// event that any stream of the loop received.
    let latency: Histogram

    static func write(_ hubs: [HubReading], to page: inout MetricsPage) {
        func total(_ value: (HubCounters) -> UInt64) -> String {
            "\(hubs.reduce(0) { $0 + value($1.counters) })"
        }
        func counter(_ name: String, _ help: String, _ value: (HubCounters) -> UInt64) {
            page.single(name, "counter", help, total(value))
        }
        let streams = "roomwire_streams"
        page.begin(streams, "gauge", "Open streams: at the head, catching up from the journal, or with a full socket.")
        for (state, count) in [("live", \Census.live), ("behind", \.behind), ("waiting", \.waiting)] {
            page.sample(streams, [MetricLabel(.state, state)], "\(hubs.reduce(0) { $0 + $1.census[keyPath: count] })")
        }
        counter("roomwire_streams_accepted_total", "Streams that were started.", \.accepted)
        counter("roomwire_deliveries_total", "Events written to streams.", \.deliveries)
        counter("roomwire_ephemeral_deliveries_total", "Ephemeral events written to streams.", \.ephemeralDeliveries)
        counter(
            "roomwire_ephemeral_dropped_total",
            "Ephemeral events that waited for a slow stream and were replaced or dropped.", \.ephemeralDropped)
        counter("roomwire_sent_bytes_total", "Bytes written to streams.", \.sentBytes)
        counter(
            "roomwire_short_writes_total", "Writes cut short because the subscriber reads too slowly.", \.shortWrites)
        counter("roomwire_heartbeats_total", "Heartbeats written.", \.heartbeats)
        counter("roomwire_resyncs_total", "Subscribers told to refetch everything.", \.resyncs)
        counter("roomwire_ring_reads_total", "Turns of streams behind the head served from memory.", \.ringReads)
        counter("roomwire_page_reads_total", "Pages of the journal read to catch up.", \.pageReads)
        let ended = "roomwire_streams_ended_total"
        page.begin(ended, "counter", "Streams that ended, by reason.")
        for reason in StreamEnd.allCases {
            page.sample(ended, [MetricLabel(.reason, reason.rawValue)], total { $0.ended[reason] ?? 0 })
        }
        let lag = hubs.map(\.census.slowestLagMilliseconds).max() ?? 0
        page.single(
            "roomwire_slowest_stream_lag_seconds", "gauge",
            "Age of the oldest event that an open stream should have and has not.", "\(Double(lag) / 1000)")
        var latency = Histogram(bounds: Histogram.latencyBoundsSeconds)
        for hub in hubs { latency.add(hub.latency) }
        page.histogram(
            "roomwire_delivery_latency_seconds",
            "From a webhook's receipt until a loop had written its event to the sockets.", latency)
    }
}

/// The counts of the journal's writer, for the metrics page.
package struct JournalReading: Sendable {
    let counters: JournalCounters
    let damage: DamageReport

    /// A reading of the writer's counters, and of the damage found so far.
    package init(counters: JournalCounters, damage: DamageReport) {
        self.counters = counters
        self.damage = damage
    }

    func write(to page: inout MetricsPage) {
        page.single("roomwire_commits_total", "counter", "Transactions of the journal.", "\(counters.commits)")
        page.single(
            "roomwire_events_total", "counter", "Events appended to the journal, synthetic ones included.",
            "\(counters.events)")
        page.single(
            "roomwire_duplicates_total", "counter", "Webhooks whose event was in the journal already.",
            "\(counters.duplicates)")
        page.single(
            "roomwire_commit_failures_total", "counter", "Transactions that failed.", "\(counters.failures)")
        page.single(
            "roomwire_commit_failed_webhooks_total", "counter", "Webhooks whose transaction failed.",
            "\(counters.failedDrafts)")
        page.single(
            "roomwire_journal_upkeep_failures_total", "counter",
            "Times that retention, a checkpoint or the size of the journal failed.", "\(counters.upkeepFaults)")
        page.single("roomwire_appends_waiting", "gauge", "Webhooks that wait for a commit.", "\(counters.waiting)")
        page.single(
            "roomwire_last_commit_seconds", "gauge", "How long the last transaction took.",
            "\(counters.lastCommitSeconds)")
        page.histogram(
            "roomwire_commit_duration_seconds", "How long transactions of the journal took.", counters.commitSeconds)
        page.single("roomwire_journal_events", "gauge", "Events in the journal.", "\(counters.size.events)")
        page.single("roomwire_rooms_open", "gauge", "Open rooms, in all.", "\(counters.size.rooms)")
        page.single(
            "roomwire_journal_bytes", "gauge", "Bytes in the journal, as retention counts them.",
            "\(counters.size.bytes)")
        page.single(
            "roomwire_journal_oldest_event_timestamp_seconds", "gauge",
            "When the oldest event in the journal was committed; 0 while the journal is empty.",
            "\(Double(counters.size.oldest?.milliseconds ?? 0) / 1000)")
        page.single(
            "roomwire_journal_damaged_places", "gauge",
            "Places of the journal that were found damaged since the start.",
            "\(damage.count)")
        page.single(
            "roomwire_journal_damage_faults_total", "counter", "Reads and writes of the journal that failed by damage.",
            "\(damage.faults)")
        page.single(
            "roomwire_clock_jumps_total", "counter", "Steps of the wall clock by more than two seconds.",
            "\(counters.clockJumps)")
    }
}

/// What the metrics page shows in addition to the counts of ``Metrics``.
package struct PageReadings {
    let journal: JournalReading
    let process: ProcessReading
    /// Each loop's lag, in seconds.
    let loopLags: [Double]
    let isReady: Bool
    /// The most streams that may be open.
    let streamsLimit: Int
    let log: LogWriter.Counters
    let members: MemberReading

    /// Readings of one moment; see the property of each name.
    package init(
        journal: JournalReading, process: ProcessReading, loopLags: [Double], isReady: Bool, streamsLimit: Int,
        log: LogWriter.Counters, members: MemberReading
    ) {
        self.journal = journal
        self.process = process
        self.loopLags = loopLags
        self.isReady = isReady
        self.streamsLimit = streamsLimit
        self.log = log
        self.members = members
    }

    func write(to page: inout MetricsPage) {
        let info = "roomwire_build_info"
        page.begin(info, "gauge", "Always 1; the label tells the version.")
        page.sample(info, [MetricLabel(.version, Version.text)], "1")
        page.single(
            "roomwire_ready", "gauge", "Whether a signed canary went through ingest, journal and every loop lately.",
            isReady ? "1" : "0")
        page.single(
            "roomwire_streams_limit", "gauge",
            "Open streams there may be in all: streams.total, or what open files allow.",
            "\(streamsLimit)")
        let lag = "roomwire_loop_lag_seconds"
        page.begin(lag, "gauge", "How late a loop came to its work, at the worst in the last seconds.")
        for (loop, seconds) in loopLags.enumerated() { page.sample(lag, [MetricLabel(.loop, "\(loop)")], "\(seconds)") }
        journal.write(to: &page)
        members.write(to: &page)
        page.single(
            "roomwire_log_lines_dropped_total", "counter", "Lines of the log that could not be written in time.",
            "\(log.dropped)")
        process.write(to: &page)
    }
}
