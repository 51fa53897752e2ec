package import EventLoop
package import FrontDoor
internal import Platform
package import Wire

/// One request that waits for its answer, as the routes see it: the front door's exchange, or a test's double.
///
/// It belongs to its loop; exactly one of ``reply(_:holding:)`` and ``takeOver()`` ends it.
package protocol HTTPExchange: AnyObject {
    /// What was asked.
    var request: HTTPRequest { get }
    /// Closes the connection after the answer, whatever that says.
    var closesConnection: Bool { get set }
    /// Whose request it turned out to be: for the log.
    var user: WireText? { get set }
    /// Which issuer vouches for the user's name.
    var issuer: WireText? { get set }
    /// One of many of its kind, each without interest if it is answered well: for the log.
    var isRoutine: Bool { get set }
    /// The status that it was answered; nil until then.
    var answeredStatus: Int? { get }
    /// How long ago the request was complete.
    var microseconds: Int64 { get }
    /// True once it is answered, or its client has gone. It may ask the system.
    var hasEnded: Bool { get }
    /// Answers. Does nothing if the exchange has ended.
    /// - Parameter held: an object that is kept until the client has the whole answer, or is gone.
    func reply(_ response: HTTPResponse, holding held: AnyObject?)
    /// Turns the connection into a stream: nothing of the answer has been sent.
    /// - Returns: nil if that failed; the connection is closed then.
    func takeOver() -> StreamSocket?
}

extension Exchange: HTTPExchange {
    package var answeredStatus: Int? { answer?.status }

    package var microseconds: Int64 { stopwatch.microseconds }
}
