internal import CLibevent
internal import COpenSSL
internal import EventLoop
internal import Glibc
internal import Platform

/// A stream's socket whose bytes are encrypted. It owns OpenSSL's connection.
///
/// Once bytes are encrypted they can only be sent: a record cannot be built again, and not with other bytes. So a
/// record that the kernel takes in part counts as taken, its rest waits here, and no other is built before it has
/// gone. A stream holds at most that one record; whoever reads too slowly has everything else waiting in the log.
///
/// OpenSSL is given its own small BIO for that. It takes whatever OpenSSL writes, so no write of OpenSSL's is ever
/// half done, also when an answer to the client's change of keys comes between.
final class TLSStreamSocket: StreamSocket {
    /// Room to gather one record; every stream of a loop uses the same.
    final class Scratch {
        fileprivate let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: TLSStreamSocket.recordBytes, alignment: 16)

        deinit { bytes.deallocate() }
    }

    /// The most that one record holds (RFC 8446, section 5.1).
    fileprivate static let recordBytes = 16_384
    /// How long the rest of a closed stream waits for a client that takes nothing of it.
    private static let lingerSeconds = 30

    private var ssl: OpaquePointer?
    private let scratch: Scratch
    /// What the kernel has not taken of the last record, and how much of that it has taken since.
    private var rest: [UInt8] = []
    private var restSent = 0
    /// What was read from the connection and not yet reported.
    private var unreported = 0
    private var records = RecordCount()
    private var isBroken = false
    private var ownerWaits = false
    /// Itself, while it is closed and its rest is still to be sent.
    private var lingering: TLSStreamSocket?

    /// Takes over a connected descriptor and the connection's state, which it frees in the end.
    init(takingOver descriptor: CInt, ssl: OpaquePointer, scratch: Scratch, on loop: Loop) {
        self.ssl = ssl
        self.scratch = scratch
        super.init(takingOver: descriptor, on: loop)
        let bio = BIO_new(streamBIOMethod)
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        SSL_set_bio(ssl, bio, bio)
        roomwire_ssl_set_message_argument(ssl, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_msg_callback(ssl, streamRecordPassed)
        // Bytes that have been read and not looked at would not wake the loop.
        if SSL_has_pending(ssl) == 1 { lookAtInput() }
    }

    deinit {
        free()
    }

    override var isOpen: Bool { super.isOpen && lingering == nil }

    // MARK: Writing

    override var takesPlainBytes: Bool { false }

    override func write(_ buffers: UnsafeMutableBufferPointer<System.Buffer>) -> System.WriteResult {
        guard isOpen, !isBroken else { return .closed }
        guard sendRest() else { return isBroken ? .closed : .wouldBlock }
        var pieces = RecordPieces(buffers)
        var taken = 0
        while rest.isEmpty, let record = pieces.next(upTo: Self.recordBytes, gatheredIn: scratch.bytes) {
            let count = SSL_write(ssl, record.baseAddress, CInt(record.count))
            guard count > 0, !isBroken else {
                OpenSSLErrors.forget()
                isBroken = true
                return .closed
            }
            // Fewer, if the client asked for shorter records.
            pieces.take(Int(count))
            taken += Int(count)
        }
        if !rest.isEmpty { watchForRoom() }
        return .wrote(taken)
    }

    /// Tries to send what waits here.
    /// - Returns: whether nothing waits any more.
    private func sendRest() -> Bool {
        guard !rest.isEmpty else { return true }
        let result = rest.withUnsafeBytes {
            System.write(descriptor, UnsafeRawBufferPointer(rebasing: $0[restSent...]))
        }
        switch result {
        case .wrote(let count): restSent += count
        case .wouldBlock: break
        case .closed: isBroken = true
        }
        guard restSent == rest.count else { return false }
        rest = []
        restSent = 0
        return true
    }

    /// OpenSSL writes; all of it is taken unless the connection is gone.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !isBroken, super.isOpen else { return false }
        var sent = 0
        if rest.isEmpty {
            switch System.write(descriptor, bytes) {
            case .wrote(let count): sent = count
            case .wouldBlock: break
            case .closed:
                isBroken = true
                return false
            }
        }
        rest += bytes[sent...]
        return true
    }

    override func waitForRoom() {
        ownerWaits = true
        super.waitForRoom()
    }

    override func hasRoom() {
        guard sendRest() else {
            // Whoever owns the socket learns it from the input.
            if isBroken { lingering == nil ? stopWatchingForRoom() : giveUp() }
            return
        }
        if lingering != nil { return giveUp() }
        guard ownerWaits else { return stopWatchingForRoom() }
        ownerWaits = false
        super.hasRoom()
    }

    // MARK: Reading

    /// Has OpenSSL read: the client may change its keys, or say goodbye. What counts is what came over the wire.
    override func discardInput() -> System.ReadResult {
        guard let ssl else { return .closed }
        OpenSSLErrors.forget()
        let count = withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 1) {
            SSL_read(ssl, $0.baseAddress, CInt($0.count))
        }
        let reason = count > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, count)
        OpenSSLErrors.forget()
        // OpenSSL may have answered the client.
        if !rest.isEmpty { watchForRoom() }
        let came = unreported
        unreported = 0
        if count > 0 { records.reset() }
        // More than a subscriber has to say, whatever it came to in bytes.
        if records.isExceeded { return .read(Self.strayBytes + 1) }
        if count <= 0 && reason != SSL_ERROR_WANT_READ { return .closed }
        return count > 0 || came > 0 ? .read(came) : .wouldBlock
    }

    fileprivate func recordPassed(_ isWritten: CInt, _ contentType: CInt) {
        _ = records.count(isWritten: isWritten, contentType: contentType)
    }

    /// OpenSSL reads.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> System.ReadResult {
        // Some reads go on to the next record by themselves.
        guard super.isOpen, !records.isExceeded else { return .closed }
        let result = System.read(descriptor, into: buffer)
        if case .read(let count) = result { unreported += count }
        return result
    }

    // MARK: Closing

    /// Says goodbye and closes; if the kernel has not taken everything, later.
    override func close() {
        guard isOpen, let ssl else { return }
        if !isBroken {
            SSL_shutdown(ssl)
            OpenSSLErrors.forget()
        }
        guard !isBroken, !sendRest() else { return giveUp() }
        lingering = self
        owner = nil
        watchForRoom(patienceSeconds: Self.lingerSeconds)
    }

    override func giveUp() {
        free()
        closeDescriptor()
        lingering = nil
    }

    private func free() {
        guard let ssl else { return }
        // The bufferevent that evhttp had may be freed later than this, and knows the connection as well.
        BIO_set_data(SSL_get_wbio(ssl), nil)
        SSL_set_msg_callback(ssl, nil)
        SSL_free(ssl)
        self.ssl = nil
    }
}

private func streamRecordPassed(
    _ isWritten: CInt, _ version: CInt, _ contentType: CInt, _ bytes: UnsafeRawPointer?, _ count: Int,
    _ ssl: OpaquePointer?, _ argument: UnsafeMutableRawPointer?
) {
    guard let argument else { return }
    Unmanaged<TLSStreamSocket>.fromOpaque(argument).takeUnretainedValue().recordPassed(isWritten, contentType)
}
