internal import Events
internal import Wire

/// What opening a stream costs a loop, as measured: by it the clients of a relay that stops are spread over a time.
struct ReconnectCost {
    /// What is not measured: accepting the connection and reading its request, with TLS the handshake as well.
    private let unmeasuredMicroseconds: Int64
    private var averageMicroseconds: Int64 = 0

    init(isSecure: Bool) {
        unmeasuredMicroseconds =
            isSecure ? Limits.secureReconnectMicroseconds : Limits.plainReconnectMicroseconds
    }

    /// Takes how long the loop was busy with opening a stream. A sixteenth of the average is the newest.
    mutating func opened(inMicroseconds time: Int64) {
        averageMicroseconds += averageMicroseconds == 0 ? time : (time - averageMicroseconds) / 16
    }

    /// Over how long so many clients should spread their return, so that they take a quarter of a loop's time: nothing
    /// where that is less than what clients spread by themselves.
    func spreadMilliseconds(streams: Int, most: Int64) -> Int64 {
        let time = Int64(streams) * (unmeasuredMicroseconds + averageMicroseconds) * 4 / 1000
        return time < Limits.smallestSpreadMilliseconds ? 0 : min(time, most)
    }
}
