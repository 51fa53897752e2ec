internal import CLibevent
public import Glibc
public import Platform

/// The receiver of a stream socket's events.
public protocol StreamSocketOwner: AnyObject {
    /// The socket accepts bytes again, after a short write.
    func socketIsWritable(_ socket: StreamSocket)
    /// The peer has closed the connection, or sent more than ``StreamSocket/strayBytes``. The owner must close the
    /// socket.
    func socketHasEnded(_ socket: StreamSocket, because reason: StreamSocket.End)
}

/// A connection on which only the server sends. It owns its descriptor and one event, and releases both.
///
/// Input is read and dropped, because reading is how the server notices that the peer has closed.
///
/// This class is a plain connection. A TLS connection is a subclass with its own sending, reading and closing, so that
/// a plain stream has no field for TLS.
open class StreamSocket {
    /// Why the peer counts as gone.
    public enum End: String, Sendable {
        /// It closed the connection, or the connection broke.
        case closedByClient = "client_closed"
        /// It sent more than ``strayBytes`` although nothing is expected from it.
        case strayInput = "stray_input"
    }

    /// Bytes that a subscriber may send after its request before it is disconnected.
    public static let strayBytes = 4096

    /// Unsent bytes of a stream that the kernel stores before it accepts no more.
    public static let unsentBytes: CInt = 128 * 1024
    /// How long the peer may leave bytes unacknowledged before the kernel breaks the connection. A reader that has
    /// stalled for this long is disconnected too, and resumes by its `Last-Event-ID`.
    public static let deadPeerMilliseconds: CInt = 5 * 60_000

    /// The receiver of events. Set it before the loop can call back.
    ///
    /// Unowned and not weak: a weak reference gives its object a side table and makes every other reference to it
    /// slower. An owner that is freed before its socket must set this to nil.
    public unowned var owner: (any StreamSocketOwner)?
    // A strong reference, so that the event never outlives its base.
    private let loop: Loop
    /// The connection; -1 once it is closed.
    package private(set) final var descriptor: CInt
    private var event: UnsafeMutablePointer<event>?
    private var stray = 0
    private var isWaitingForRoom = false

    /// Takes ownership of a connected, non-blocking descriptor.
    public init(takingOver descriptor: CInt, on loop: Loop) {
        loop.preconditionIsCurrent()
        precondition(descriptor >= 0, "a stream needs a connected descriptor")
        self.loop = loop
        self.descriptor = descriptor
        Self.tune(descriptor)
        // The event has no strong reference: the owner has one, and deinit frees the event first.
        event = event_new(
            loop.base, descriptor, Int16(EV_READ | EV_PERSIST), streamSocketIsReady,
            Unmanaged.passUnretained(self).toOpaque())
        event_add(event, nil)
    }

    deinit {
        // Not close(), which a subclass overrides: the subclass's own part is freed already.
        closeDescriptor()
    }

    private static func tune(_ descriptor: CInt) {
        // Each write is a whole turn's output, so waiting for more would only delay it.
        System.setOption(descriptor, level: CInt(IPPROTO_TCP), TCP_NODELAY, to: 1)
        // A slow reader's events wait in the journal and not in the kernel.
        System.setOption(descriptor, level: CInt(IPPROTO_TCP), TCP_NOTSENT_LOWAT, to: unsentBytes)
        // Without this, a peer that vanished silently would count as slow for a quarter of an hour.
        System.setOption(descriptor, level: CInt(IPPROTO_TCP), TCP_USER_TIMEOUT, to: deadPeerMilliseconds)
    }

    /// True until ``close()``.
    open var isOpen: Bool { descriptor >= 0 }

    /// True if ``write(_:)`` writes the same bytes to the descriptor.
    open var takesPlainBytes: Bool { true }

    /// Writes as many bytes as the kernel accepts, with one system call.
    open func write(_ buffers: UnsafeMutableBufferPointer<System.Buffer>) -> System.WriteResult {
        loop.assertIsCurrent()
        guard descriptor >= 0 else { return .closed }
        return System.write(descriptor, buffers)
    }

    /// Writes as many as are accepted of bytes that are in one piece.
    public final func write(_ bytes: UnsafeRawBufferPointer) -> System.WriteResult {
        System.withPiece(bytes) { write($0) }
    }

    /// Requests ``StreamSocketOwner/socketIsWritable(_:)`` for when the socket accepts bytes again. Call it only after
    /// a short write.
    open func waitForRoom() {
        watchForRoom()
    }

    /// Called when the kernel accepts bytes again. Here the owner is told.
    open func hasRoom() {
        stopWatchingForRoom()
        owner?.socketIsWritable(self)
    }

    /// Closes a socket without an owner, because the peer has closed it or accepts nothing.
    open func giveUp() {
        closeDescriptor()
    }

    /// Requests ``hasRoom()`` for when the kernel accepts bytes, and ``giveUp()`` if it accepts none for
    /// `patienceSeconds`.
    package final func watchForRoom(patienceSeconds: Int? = nil) {
        loop.assertIsCurrent()
        guard descriptor >= 0, !isWaitingForRoom || patienceSeconds != nil else { return }
        watch(EV_READ | EV_WRITE | EV_PERSIST, patienceSeconds)
        isWaitingForRoom = true
    }

    /// Stops watching whether the kernel accepts bytes.
    package final func stopWatchingForRoom() {
        guard descriptor >= 0, isWaitingForRoom else { return }
        watch(EV_READ | EV_PERSIST, nil)
        isWaitingForRoom = false
    }

    /// Reads the input in the next turn of the loop, whether or not more arrives.
    package final func lookAtInput() {
        event_active(event, EV_READ, 0)
    }

    private func watch(_ what: CInt, _ patienceSeconds: Int?) {
        event_del(event)
        event_assign(
            event, loop.base, descriptor, Int16(what), streamSocketIsReady, Unmanaged.passUnretained(self).toOpaque())
        guard let patienceSeconds else {
            event_add(event, nil)
            return
        }
        var patience = timeval(tv_sec: patienceSeconds, tv_usec: 0)
        event_add(event, &patience)
    }

    /// Closes the connection. Accepted bytes are still sent. A second call does nothing.
    open func close() {
        closeDescriptor()
    }

    /// Closes the connection at once. Bytes that the kernel has accepted are still sent.
    package final func closeDescriptor() {
        guard descriptor >= 0 else { return }
        if let event { event_free(event) }
        event = nil
        // If input is unread, close sends a reset, and the kernel discards its unsent bytes.
        _ = drop { System.discard(descriptor) }
        Glibc.close(descriptor)
        descriptor = -1
    }

    /// Reads once and drops the bytes.
    open func discardInput() -> System.ReadResult {
        System.discard(descriptor)
    }

    fileprivate func isReady(_ what: CInt) {
        if what & EV_READ != 0, let end = drop({ discardInput() }) {
            guard let owner else { return giveUp() }
            owner.socketHasEnded(self, because: end)
            return
        }
        if what & EV_WRITE != 0, isWaitingForRoom {
            hasRoom()
        } else if what & EV_TIMEOUT != 0 {
            giveUp()
        }
    }

    private func drop(_ discard: () -> System.ReadResult) -> End? {
        while true {
            switch discard() {
            case .closed: return .closedByClient
            case .wouldBlock: return nil
            case .read(let count):
                stray += count
                if stray > Self.strayBytes { return .strayInput }
            }
        }
    }
}

private func streamSocketIsReady(_ descriptor: CInt, _ what: Int16, _ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    // The owner may release the socket during the call.
    let socket = Unmanaged<StreamSocket>.fromOpaque(argument).takeUnretainedValue()
    withExtendedLifetime(socket) { socket.isReady(CInt(what)) }
}
