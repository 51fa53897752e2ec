internal import Events
internal import Wire

/// What `tail` does when the relay reports that events after its place are missing.
enum GapPolicy: String, CaseIterable {
    /// Ends with a sentence and the code 3; the saved place stays.
    case stop
    /// Says so on standard error, and goes on with the oldest event of the journal.
    case `continue`
    /// The same, and writes the relay's `resync` as a line in its place among the events.
    case line

    /// The exit code of ``stop``, which nothing else has.
    static let exitCode: Int32 = 3

    /// The failure of a stream that ends at a gap.
    /// - Parameters:
    ///   - place: the id that the stream was to resume after.
    ///   - resync: the relay's message.
    static func failure(after place: String?, _ resync: JSONObject) -> Failure {
        let place = place ?? "this place"
        let what: String
        switch resync["reason"]?.string?.string {
        case "unknown":
            what = "the journal does not know the event \(place): the relay has another journal than before"
        case "malformed": what = "the relay does not recognise \(place) as an id"
        default:
            let oldest = resync["oldestId"]?.string.map { ", which keeps what came after \($0)" } ?? ""
            what = "events after \(place) are no longer in the journal\(oldest)"
        }
        return Failure(
            sentence: Terminal.harmless(what) + "; --on-gap continue goes on with the oldest event that it has",
            exitCode: exitCode)
    }
}
