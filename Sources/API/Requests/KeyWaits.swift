internal import Access

/// The requests of one loop that wait until the keys of their tokens' issuers are fetched.
///
/// A token whose key is unknown may be valid, so 401 would be wrong, and a browser would not try again.
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

    /// Releases all requests, because the loop has ended.
    func removeAll() { waiting.removeAll() }

    /// Calls `proceed` with a request whose token can be verified: at once for nearly every request, else when the keys
    /// have been fetched. If they cannot be fetched, the request is refused with 503 and a time to retry.
    func whenKeysAreKnown(for request: Request, _ proceed: @escaping (Request) -> Void) {
        let issuers = request.issuersToAsk()
        guard !issuers.isEmpty else { return proceed(request) }
        let id = nextID
        nextID += 1
        let answer = keys.demand(of: issuers, under: request.rules) { [port] in port.post(.keysSettled(request: id)) }
        switch answer {
        case nil: whenKeysAreKnown(for: request.afterWait, proceed)
        case .judge: proceed(request)
        // The message that the fetch has ended is handled on this thread, after this function.
        case .wait: waiting[id] = Waiting(request: request, proceed: proceed)
        case .unavailable(let seconds): refuse(request, retryAfterSeconds: seconds)
        }
    }

    /// Continues a request whose fetch has ended.
    func settled(_ id: UInt64) {
        guard let waited = waiting.removeValue(forKey: id) else { return }
        let request = waited.request.afterWait
        // A connection that ends soon must not receive another request.
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
