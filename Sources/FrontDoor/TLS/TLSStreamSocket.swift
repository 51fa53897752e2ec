internal import CLibevent
internal import COpenSSL
internal import EventLoop
internal import Glibc
internal import Platform

/// The socket of a stream over TLS. It owns OpenSSL's connection.
///
/// A record that is encrypted must be sent: it cannot be encrypted again with other bytes. So a record that the kernel
/// accepts in part counts as accepted, its rest waits here, and no further record is encrypted before the rest is sent.
/// A stream holds at most that one record; all later events of a slow reader stay in the journal.
///
/// OpenSSL writes through a small BIO of our own, which accepts every byte. So no write of OpenSSL is ever incomplete,
/// even if it also answers a key update of the client.
final class TLSStreamSocket: StreamSocket {
    /// Memory to gather one record, shared by all streams of a loop.
    final class Scratch {
        fileprivate let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: TLSStreamSocket.recordBytes, alignment: 16)

        deinit { bytes.deallocate() }
    }

    /// The most bytes of data in one record (RFC 8446, section 5.1).
    fileprivate static let recordBytes = 16_384
    /// How long the rest of a closed stream is kept while its client accepts nothing.
    private static let lingerSeconds = 30

    private var ssl: OpaquePointer?
    private let scratch: Scratch
    /// The bytes of the last record that the kernel did not accept at first, and how many of them it has accepted
    /// since.
    private var rest: [UInt8] = []
    private var restSent = 0
    /// Bytes read from the connection and not yet reported to the owner.
    private var unreported = 0
    private var records = RecordCount()
    private var isBroken = false
    private var ownerWaits = false
    /// A reference to itself, while it is closed and its rest is still to be sent.
    private var lingering: TLSStreamSocket?

    /// Takes ownership of a connected descriptor and of OpenSSL's connection.
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
        // Bytes that OpenSSL has already read from the socket would not wake the loop.
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
                OpenSSLErrors.clear()
                isBroken = true
                return .closed
            }
            // Fewer than offered, if the client has negotiated shorter records.
            pieces.take(Int(count))
            taken += Int(count)
        }
        if !rest.isEmpty { watchForRoom() }
        return .wrote(taken)
    }

    /// Tries to send the rest of the last record.
    /// - Returns: true when nothing is left.
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

    /// Writes for OpenSSL. Accepts all bytes unless the connection is gone.
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
            // The owner learns of a broken connection from the input.
            if isBroken { lingering == nil ? stopWatchingForRoom() : giveUp() }
            return
        }
        if lingering != nil { return giveUp() }
        guard ownerWaits else { return stopWatchingForRoom() }
        ownerWaits = false
        super.hasRoom()
    }

    // MARK: Reading

    /// Lets OpenSSL read, since the client may update its keys or send `close_notify`. Reports the bytes on the wire.
    override func discardInput() -> System.ReadResult {
        guard let ssl else { return .closed }
        OpenSSLErrors.clear()
        let count = withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 1) {
            SSL_read(ssl, $0.baseAddress, CInt($0.count))
        }
        let reason = count > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, count)
        OpenSSLErrors.clear()
        // OpenSSL may have written an answer to the client.
        if !rest.isEmpty { watchForRoom() }
        let came = unreported
        unreported = 0
        if count > 0 { records.reset() }
        // Too many records without data end the stream, however few their bytes.
        if records.isExceeded { return .read(Self.strayBytes + 1) }
        if count <= 0 && reason != SSL_ERROR_WANT_READ { return .closed }
        return count > 0 || came > 0 ? .read(came) : .wouldBlock
    }

    fileprivate func recordPassed(_ isWritten: CInt, _ contentType: CInt) {
        _ = records.count(isWritten: isWritten, contentType: contentType)
    }

    /// Reads for OpenSSL.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> System.ReadResult {
        // Some reads continue with the next record by themselves.
        guard super.isOpen, !records.isExceeded else { return .closed }
        let result = System.read(descriptor, into: buffer)
        if case .read(let count) = result { unreported += count }
        return result
    }

    // MARK: Closing

    /// Sends `close_notify` and closes, later if the kernel has not accepted everything.
    override func close() {
        guard isOpen, let ssl else { return }
        if !isBroken {
            SSL_shutdown(ssl)
            OpenSSLErrors.clear()
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
        // The bufferevent that evhttp had may be freed later than this, and refers to the same connection.
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
