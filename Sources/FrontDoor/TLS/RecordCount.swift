internal import COpenSSL

/// Counts the TLS records that a client sends without application data between them: key updates, renegotiation
/// requests, alerts, handshake fragments, empty records. Each costs the relay more than the client.
struct RecordCount {
    /// The most consecutive records without application data. Real clients' handshakes have fewer than ten.
    static let most: UInt8 = 32
    private var records: UInt8 = 0

    /// True once there were more than ``most``. Nothing more is read from the connection then.
    var isExceeded: Bool { records > Self.most }

    /// Counts a record, from the arguments of OpenSSL's message callback.
    /// - Returns: true the first time that there are too many.
    mutating func count(isWritten: CInt, contentType: CInt) -> Bool {
        // OpenSSL reports the header of each record, in clear text and once for each record.
        guard isWritten == 0, contentType == SSL3_RT_HEADER, !isExceeded else { return false }
        records += 1
        return isExceeded
    }

    /// Starts again from zero, because application data arrived.
    mutating func reset() {
        if !isExceeded { records = 0 }
    }
}
