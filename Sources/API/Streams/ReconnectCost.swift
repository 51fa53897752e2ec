internal import Events
internal import Wire

/// The measured time that a loop needs to open a stream. From it a stopping relay computes over how long its clients
/// should spread their reconnects.
struct ReconnectCost {
    /// The part that is not measured: to accept the connection, read its request, and with TLS do the handshake.
    private let unmeasuredMicroseconds: Int64
    private var averageMicroseconds: Int64 = 0

    init(isSecure: Bool) {
        unmeasuredMicroseconds =
            isSecure ? Limits.secureReconnectMicroseconds : Limits.plainReconnectMicroseconds
    }

    /// Records how long the loop took to open a stream. The average is exponential, with a weight of 1/16.
    mutating func opened(inMicroseconds time: Int64) {
        averageMicroseconds += averageMicroseconds == 0 ? time : (time - averageMicroseconds) / 16
    }

    /// The time over which the clients of `streams` streams should spread their reconnects, so that they use a quarter
    /// of a loop's time; at most `most`. 0 if it is less than the spread that clients have by themselves.
    func spreadMilliseconds(streams: Int, most: Int64) -> Int64 {
        let time = Int64(streams) * (unmeasuredMicroseconds + averageMicroseconds) * 4 / 1000
        return time < Limits.smallestSpreadMilliseconds ? 0 : min(time, most)
    }
}
