internal import Access
internal import Fetch
internal import Platform
internal import Settings
internal import Wire

/// The state of one issuer whose keys are fetched.
struct KeyEntry: Sendable {
    let address: KeyAddress
    let kept: KeptKeys
    var schedule: KeySchedule
    /// The set in force: as it was received, and parsed.
    private(set) var text: String?
    private(set) var keys: PublicKeys?
    private var lastFailure: KeyAddress.Failure?
    private var lastLine = SteadyTime.distantPast

    /// A failure that persists is logged again after this time, in milliseconds.
    private static let silenceMilliseconds: Int64 = 60_000

    /// An issuer with the keys from the data folder, if there are any.
    init(_ address: KeyAddress, _ settings: Settings) {
        self.address = address
        kept = KeptKeys(folder: DataFolder(path: settings.data), issuer: address.issuer, url: address.address.text)
        if let text = kept.read(), let keys = try? address.read(text) {
            self.text = text
            self.keys = keys
        }
        schedule = KeySchedule(
            refreshMilliseconds: Int64(settings.tokens.jwksRefreshMilliseconds), hasKeys: keys != nil,
            now: SteadyTime.now())
    }

    /// Records fetched keys.
    /// - Returns: whether they differ from the previous ones, and whether fetches failed in between.
    mutating func succeeded(_ set: KeyAddress.KeySet, now: SteadyTime) -> (isNew: Bool, hadFailed: Bool) {
        defer {
            text = set.text
            keys = set.keys
            lastFailure = nil
            schedule.succeeded(maxAgeSeconds: set.maxAgeSeconds, now: now)
        }
        return (text != set.text, lastFailure != nil)
    }

    /// Records a failed fetch.
    /// - Returns: whether to log it: if its kind differs from the last one's, or the last line was long ago.
    mutating func failed(_ failure: KeyAddress.Failure, now: SteadyTime) -> Bool {
        schedule.failed(now: now)
        let isDue = failure != lastFailure || now >= lastLine + Self.silenceMilliseconds
        lastFailure = failure
        if isDue { lastLine = now }
        return isDue
    }
}
