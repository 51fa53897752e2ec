internal import Fanout
internal import Journal

/// What one hub has counted, for the metrics page.
struct HubReading: Sendable {
    let streams: Int
    let counters: HubCounters

    static func write(_ hubs: [HubReading], to page: inout MetricsPage) {
        func total(_ value: (HubCounters) -> UInt64) -> String {
            "\(hubs.reduce(0) { $0 + value($1.counters) })"
        }
        page.single("roomwire_streams", "gauge", "Open streams.", "\(hubs.reduce(0) { $0 + $1.streams })")
        page.single(
            "roomwire_deliveries_total", "counter", "Events written to streams.", total(\.deliveries))
        page.single("roomwire_sent_bytes_total", "counter", "Bytes written to streams.", total(\.sentBytes))
        page.single(
            "roomwire_short_writes_total", "counter", "Writes cut short because the subscriber reads too slowly.",
            total(\.shortWrites))
        page.single("roomwire_heartbeats_total", "counter", "Heartbeats written.", total(\.heartbeats))
        page.single("roomwire_resyncs_total", "counter", "Subscribers told to refetch everything.", total(\.resyncs))
        page.single("roomwire_page_reads_total", "counter", "Pages of the log read to catch up.", total(\.pageReads))
        let ended = "roomwire_streams_ended_total"
        page.begin(ended, "counter", "Streams that ended, by reason.")
        for reason in StreamEnd.allCases {
            page.sample(ended, ["reason", reason.rawValue], total { $0.ended[reason] ?? 0 })
        }
    }
}

/// What the log's writer has counted, for the metrics page.
struct JournalReading: Sendable {
    let counters: JournalCounters

    func write(to page: inout MetricsPage) {
        page.single("roomwire_commits_total", "counter", "Transactions of the log.", "\(counters.commits)")
        page.single(
            "roomwire_events_total", "counter", "Events appended to the log, synthetic ones included.",
            "\(counters.events)")
        page.single(
            "roomwire_duplicates_total", "counter", "Webhooks that told of an event which was in the log.",
            "\(counters.duplicates)")
        page.single(
            "roomwire_commit_failures_total", "counter", "Transactions that failed.", "\(counters.failures)")
        page.single("roomwire_appends_waiting", "gauge", "Webhooks that wait for a commit.", "\(counters.waiting)")
        page.single(
            "roomwire_last_commit_seconds", "gauge", "How long the last transaction took.",
            "\(counters.lastCommitSeconds)")
    }
}
