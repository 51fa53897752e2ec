internal import COpenSSL

/// Counts the TLS records that a client sends without application data between them: changes of keys, requests to
/// negotiate again, alerts, fragments of a handshake, empty records. Each costs the relay more than the client.
struct RecordCount {
    /// Records that may come one after another. Handshakes of clients as they are take fewer than ten.
    static let most: UInt8 = 32
    private var records: UInt8 = 0

    /// True once there were more than ``most``: nothing more is read from the connection.
    var isExceeded: Bool { records > Self.most }

    /// Counts what a message callback of OpenSSL tells.
    /// - Returns: true the first time that there are too many.
    mutating func count(isWritten: CInt, contentType: CInt) -> Bool {
        // OpenSSL tells of the header of each record, in clear text and once a record.
        guard isWritten == 0, contentType == SSL3_RT_HEADER, !isExceeded else { return false }
        records += 1
        return isExceeded
    }

    /// Application data came.
    mutating func reset() {
        if !isExceeded { records = 0 }
    }
}
