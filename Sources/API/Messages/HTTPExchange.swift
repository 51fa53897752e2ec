package import EventLoop
package import FrontDoor
internal import Platform
package import Wire

/// One request and its answer, as the API sees them: the front door's `Exchange`, or a double in tests.
///
/// Only its loop's thread uses it. Exactly one of ``reply(_:holding:)`` and ``takeOver()`` ends it.
package protocol HTTPExchange: AnyObject {
    /// The request.
    var request: HTTPRequest { get }
    /// Set this to close the connection after the answer.
    var closesConnection: Bool { get set }
    /// The user of the verified token: for the log.
    var user: WireText? { get set }
    /// The issuer of the verified token: for the log.
    var issuer: WireText? { get set }
    /// True for frequent requests, which are logged only if they fail.
    var isRoutine: Bool { get set }
    /// The status of the answer; nil before the answer.
    var answeredStatus: Int? { get }
    /// Microseconds since the request was complete.
    var microseconds: Int64 { get }
    /// True once it is answered, or its client has closed the connection. May make a system call.
    var hasEnded: Bool { get }
    /// Sends the answer. Does nothing if the exchange has ended.
    /// - Parameter held: an object that is kept until the socket has accepted the whole answer, or the client has
    ///   closed the connection.
    func reply(_ response: HTTPResponse, holding held: AnyObject?)
    /// Takes the connection out of the front door, to use it as a stream. Nothing of the answer has been sent; the
    /// caller writes the head as well.
    /// - Returns: nil if that failed. The connection is then closed.
    func takeOver() -> StreamSocket?
}

extension Exchange: HTTPExchange {
    package var answeredStatus: Int? { answer?.status }

    package var microseconds: Int64 { stopwatch.microseconds }
}
