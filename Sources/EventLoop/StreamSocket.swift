internal import CLibevent
public import Glibc
public import Platform

/// What a stream's socket tells its owner.
public protocol StreamSocketOwner: AnyObject {
    /// The socket takes bytes again after it would not.
    func socketIsWritable(_ socket: StreamSocket)
    /// The other side is gone, or sent more than a subscriber has to say. The owner must close the socket.
    func socketHasEnded(_ socket: StreamSocket, because reason: StreamSocket.End)
}

/// A connection on which only the server speaks. It owns its descriptor and one event, and closes both.
///
/// What the other side sends is read and dropped: it is how its closing shows.
///
/// This is a plain connection. One that is encrypted is a subclass, which sends, reads and closes in its own way; a
/// plain stream pays nothing for that, not even a field.
open class StreamSocket {
    /// Why the other side counts as gone.
    public enum End: String, Sendable {
        /// It closed the connection, or the connection broke.
        case closedByClient = "client_closed"
        /// It sent more than ``strayBytes``, where it has nothing to say.
        case strayInput = "stray_input"
    }

    /// Bytes that a subscriber may send after its request without being cut off.
    public static let strayBytes = 4096

    /// Bytes that the kernel keeps unsent for a stream before it takes no more.
    public static let unsentBytes: CInt = 128 * 1024
    /// How long the other side may leave bytes unacknowledged before the kernel breaks the connection. A reader that
    /// has stalled so long is cut off as well, and resumes by its `Last-Event-ID`.
    public static let deadPeerMilliseconds: CInt = 5 * 60_000

    /// Who is told what happens; set before anything can.
    ///
    /// Unowned and not weak: a weak reference gives its object a side table, and makes every other reference to it
    /// slower. An owner that ends before its socket takes itself away here.
    public unowned var owner: (any StreamSocketOwner)?
    // Held, so that the event never outlives its base.
    private let loop: Loop
    /// The connection; -1 once it is closed.
    package private(set) final var descriptor: CInt
    private var event: UnsafeMutablePointer<event>?
    private var stray = 0
    private var isWaitingForRoom = false

    /// Takes over a connected, non-blocking descriptor.
    public init(takingOver descriptor: CInt, on loop: Loop) {
        loop.checkThread()
        self.loop = loop
        self.descriptor = descriptor
        Self.tune(descriptor)
        // The event holds no reference: the owner keeps the socket, and deinit takes the event away first.
        event = event_new(
            loop.base, descriptor, Int16(EV_READ | EV_PERSIST), streamSocketIsReady,
            Unmanaged.passUnretained(self).toOpaque())
        event_add(event, nil)
    }

    deinit {
        // Not close(): what a subclass has is gone already.
        closeDescriptor()
    }

    private static func tune(_ descriptor: CInt) {
        // What is written is a whole turn already: to wait for more would only delay it.
        System.setOption(descriptor, level: CInt(IPPROTO_TCP), TCP_NODELAY, to: 1)
        // A slow reader's bytes wait in the log and not in the kernel.
        System.setOption(descriptor, level: CInt(IPPROTO_TCP), TCP_NOTSENT_LOWAT, to: unsentBytes)
        // A peer that vanished without a word would otherwise count as slow for a quarter of an hour.
        System.setOption(descriptor, level: CInt(IPPROTO_TCP), TCP_USER_TIMEOUT, to: deadPeerMilliseconds)
    }

    /// True until ``close()``.
    open var isOpen: Bool { descriptor >= 0 }

    /// True if what ``write(_:)`` does is a write of the same bytes to the descriptor.
    open var takesPlainBytes: Bool { true }

    /// Writes as much as the kernel takes, with one system call.
    open func write(_ buffers: UnsafeMutableBufferPointer<System.Buffer>) -> System.WriteResult {
        guard descriptor >= 0 else { return .closed }
        return System.write(descriptor, buffers)
    }

    /// Writes as much as is taken of bytes that stand in one place.
    public final func write(_ bytes: UnsafeRawBufferPointer) -> System.WriteResult {
        System.withPiece(bytes) { write($0) }
    }

    /// Tells the owner when the socket takes bytes again. Asked for after a short write only.
    open func waitForRoom() {
        watchForRoom()
    }

    /// The kernel takes bytes again. Here the owner is told.
    open func hasRoom() {
        stopWatchingForRoom()
        owner?.socketIsWritable(self)
    }

    /// Nobody owns the socket any more, and the other side has closed it or takes nothing.
    open func giveUp() {
        closeDescriptor()
    }

    /// Has ``hasRoom()`` called when the kernel takes bytes, and ``giveUp()`` if it takes none for so long.
    package final func watchForRoom(patienceSeconds: Int? = nil) {
        guard descriptor >= 0, !isWaitingForRoom || patienceSeconds != nil else { return }
        watch(EV_READ | EV_WRITE | EV_PERSIST, patienceSeconds)
        isWaitingForRoom = true
    }

    /// Looks no longer whether the kernel takes bytes.
    package final func stopWatchingForRoom() {
        guard descriptor >= 0, isWaitingForRoom else { return }
        watch(EV_READ | EV_PERSIST, nil)
        isWaitingForRoom = false
    }

    /// Has the input looked at in the next turn of the loop, whether or not more comes.
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

    /// Closes the connection; what was taken is still sent. Does nothing the second time.
    open func close() {
        closeDescriptor()
    }

    /// Closes the connection at once; what the kernel has taken is still sent.
    package final func closeDescriptor() {
        guard descriptor >= 0 else { return }
        if let event { event_free(event) }
        event = nil
        // With input unread, close would send a reset and throw away what the kernel still has to send.
        _ = drop { System.discard(descriptor) }
        Glibc.close(descriptor)
        descriptor = -1
    }

    /// Reads once and drops what came.
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
    // The owner may let go of the socket while it is told.
    let socket = Unmanaged<StreamSocket>.fromOpaque(argument).takeUnretainedValue()
    withExtendedLifetime(socket) { socket.isReady(CInt(what)) }
}
