internal import Access

/// The requests of one loop that wait for the keys of their tokens' issuers.
///
/// A token whose key is not known may be good, so that 401 would be wrong, and final to a browser.
final class KeyWaits {
    private struct Waiting {
        let request: Request
        let proceed: (Request) -> Void
    }

    private let keys: any KeyDemand
    private let port: any LoopPort
    private var waiting: [UInt64: Waiting] = [:]
    private var nextID: UInt64 = 1

    init(keys: any KeyDemand, port: any LoopPort) {
        self.keys = keys
        self.port = port
    }

    /// True if no request waits.
    var isEmpty: Bool { waiting.isEmpty }

    /// Lets go of all requests; the loop has ended.
    func removeAll() { waiting.removeAll() }

    /// Calls `proceed` with a request that can be judged: at once for nearly every one, or when the keys have been
    /// fetched. A request whose keys cannot be fetched is refused, and told when to come back.
    func whenKeysAreKnown(for request: Request, _ proceed: @escaping (Request) -> Void) {
        let issuers = request.issuersToAsk()
        guard !issuers.isEmpty else { return proceed(request) }
        let id = nextID
        nextID += 1
        let answer = keys.demand(of: issuers, under: request.rules) { [port] in port.post(.keysSettled(request: id)) }
        switch answer {
        case nil: whenKeysAreKnown(for: request.afterWait, proceed)
        case .judge: proceed(request)
        // The message is read on this thread, later than this.
        case .wait: waiting[id] = Waiting(request: request, proceed: proceed)
        case .unavailable(let seconds): refuse(request, retryAfterSeconds: seconds)
        }
    }

    /// A request has waited long enough, and goes on from where it stopped.
    func settled(_ id: UInt64) {
        guard let waited = waiting.removeValue(forKey: id) else { return }
        let request = waited.request.afterWait
        // The next request must not be tied to a connection that ends soon.
        request.exchange.closesConnection = request.shared.isDraining
        let issuers = request.issuersToAsk()
        guard !issuers.isEmpty, case .unavailable(let seconds) = keys.demandAfterWait(of: issuers) else {
            return waited.proceed(request)
        }
        refuse(request, retryAfterSeconds: seconds)
    }

    private func refuse(_ request: Request, retryAfterSeconds seconds: Int) {
        request.refuse(
            AccessRefusal(
                .keysUnavailable,
                "The keys of the token's issuer cannot be fetched now, so the relay cannot tell whether it is good.",
                retryAfterSeconds: seconds))
    }
}
