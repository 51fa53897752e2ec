internal import COpenSSL
internal import Platform

/// The BIO through which OpenSSL reads and writes for streams.
// Not checked by the compiler: it is filled in before its first use and never changed afterwards.
nonisolated(unsafe) let streamBIOMethod: OpaquePointer? = {
    let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "roomwire stream")
    BIO_meth_set_write(method, streamWrites)
    BIO_meth_set_read(method, streamReads)
    BIO_meth_set_ctrl(method, streamControls)
    return method
}()

private func socket(of bio: OpaquePointer?) -> TLSStreamSocket? {
    BIO_get_data(bio).map { Unmanaged<TLSStreamSocket>.fromOpaque($0).takeUnretainedValue() }
}

private func streamWrites(_ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ count: CInt) -> CInt {
    BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
    let isTaken = socket(of: bio)?.take(UnsafeRawBufferPointer(start: bytes, count: Int(count))) ?? false
    return isTaken ? count : -1
}

private func streamReads(_ bio: OpaquePointer?, _ bytes: UnsafeMutablePointer<CChar>?, _ count: CInt) -> CInt {
    BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
    switch socket(of: bio)?.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))) {
    case .read(let count): return CInt(count)
    case .wouldBlock:
        BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
        return -1
    case .closed, nil: return 0
    }
}

private func streamControls(
    _ bio: OpaquePointer?, _ what: CInt, _ number: Int, _ argument: UnsafeMutableRawPointer?
) -> Int {
    switch what {
    case BIO_CTRL_FLUSH: 1
    // The bufferevent that evhttp had asks for the descriptor when it is freed, in order to close it. The descriptor
    // belongs to the stream by then, so it is not revealed.
    case BIO_C_GET_FD: -1
    default: 0
    }
}
