internal import Access
internal import Fetch
internal import Platform
internal import Wire

/// What is known of one issuer whose keys are fetched.
struct KeyEntry: Sendable {
    let address: KeyAddress
    let kept: KeptKeys
    var schedule: KeySchedule
    /// The set in force as it came, and what was read out of it.
    private(set) var text: String?
    private(set) var keys: PublicKeys?
    private var lastFailure: KeyAddress.Failure?
    private var lastLine = SteadyTime.distantPast

    /// The longest that a failure which goes on is passed over in silence, in milliseconds.
    private static let silenceMilliseconds: Int64 = 60_000

    /// An issuer with the keys that the data folder has kept, if there are any.
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

    /// Keys have been fetched.
    /// - Returns: whether they are others than before, and whether fetches had failed since those.
    mutating func succeeded(_ set: KeyAddress.KeySet, now: SteadyTime) -> (isNew: Bool, hadFailed: Bool) {
        defer {
            text = set.text
            keys = set.keys
            lastFailure = nil
            schedule.succeeded(maxAgeSeconds: set.maxAgeSeconds, now: now)
        }
        return (text != set.text, lastFailure != nil)
    }

    /// A fetch has failed.
    /// - Returns: whether to log it: each failure of another kind, and now and then one that goes on.
    mutating func failed(_ failure: KeyAddress.Failure, now: SteadyTime) -> Bool {
        schedule.failed(now: now)
        let isDue = failure != lastFailure || now >= lastLine + Self.silenceMilliseconds
        lastFailure = failure
        if isDue { lastLine = now }
        return isDue
    }
}
