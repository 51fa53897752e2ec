internal import Events
internal import Wire

/// How far the time of a request's signature may differ from the relay's time.
struct ReplayWindow: Sendable {
    /// The greatest age of a request, in seconds; nil for any age.
    let pastSeconds: Double?
    /// How far the sender's clock may be ahead of the relay's, in seconds; nil for any difference.
    let futureSeconds: Double?

    /// A window of these seconds each way.
    init(pastSeconds: Double?, futureSeconds: Double?) {
        self.pastSeconds = pastSeconds
        self.futureSeconds = futureSeconds
    }

    /// The option `replay_window`, seconds; 0 turns the check off.
    init(
        _ settings: ProviderSettings, pastSeconds standard: Double, futureSeconds: Double
    ) throws(ProviderSettingsError) {
        let seconds = try settings.seconds(Self.option, default: standard)
        self.init(
            pastSeconds: seconds > 0 ? seconds : nil,
            futureSeconds: seconds > 0 ? min(seconds, futureSeconds) : nil)
    }

    /// The name of the option.
    static let option = "replay_window"

    /// Refuses a request that was signed outside of the window; `signedAtSeconds` is by the sender's clock.
    func check(signedAtSeconds: Double, now: WallTime) throws(Rejection) {
        let skew = signedAtSeconds - Double(now.milliseconds) / 1000
        if let pastSeconds, !(skew >= -pastSeconds) {
            throw Rejection(
                .expired, "The request was signed longer ago than the \(whole(pastSeconds)) s allowed.",
                skewSeconds: skew)
        }
        if let futureSeconds, !(skew <= futureSeconds) {
            throw Rejection(
                .notYetValid, "The sender's clock is further ahead than the \(whole(futureSeconds)) s allowed.",
                skewSeconds: skew)
        }
    }

    private func whole(_ seconds: Double) -> Int64 { Int64(exactly: seconds.rounded()) ?? .max }
}
