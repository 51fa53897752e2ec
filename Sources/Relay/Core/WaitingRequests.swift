internal import Events
internal import FrontDoor

/// Requests of one loop whose answer waits for another thread, by the numbers under which the answer comes.
struct WaitingRequests {
    /// What a waiting request wants.
    struct Request {
        let exchange: Exchange
        /// For a stream: how it goes on with the cursor that was looked up.
        let start: ((EventID?) -> Void)?
    }

    private var requests: [UInt64: Request] = [:]
    private var next: UInt64 = 1

    var isEmpty: Bool { requests.isEmpty }

    /// A number for a request that waits, here or elsewhere.
    mutating func nextNumber() -> UInt64 {
        defer { next += 1 }
        return next
    }

    mutating func keep(_ exchange: Exchange, start: ((EventID?) -> Void)?) -> UInt64 {
        let id = nextNumber()
        requests[id] = Request(exchange: exchange, start: start)
        return id
    }

    /// The request waits no longer.
    mutating func take(_ id: UInt64) -> Request? {
        requests.removeValue(forKey: id)
    }
}

extension Worker {
    /// Keeps a request until another thread has its answer.
    func keep(_ exchange: Exchange, start: ((EventID?) -> Void)? = nil) -> UInt64 {
        waiting.keep(exchange, start: start)
    }
}
