internal import CLibevent
internal import Glibc
internal import Wire

// Converts evhttp's record of a request to Swift values.
extension Door {
    static func method(_ command: evhttp_cmd_type) -> String? {
        switch command {
        case EVHTTP_REQ_GET: "GET"
        case EVHTTP_REQ_POST: "POST"
        case EVHTTP_REQ_HEAD: "HEAD"
        case EVHTTP_REQ_PUT: "PUT"
        case EVHTTP_REQ_DELETE: "DELETE"
        case EVHTTP_REQ_OPTIONS: "OPTIONS"
        case EVHTTP_REQ_TRACE: "TRACE"
        case EVHTTP_REQ_CONNECT: "CONNECT"
        case EVHTTP_REQ_PATCH: "PATCH"
        default: nil
        }
    }

    /// The first `most` of the headers. evhttp appends the trailers of a chunked body to the headers, and they must not
    /// count as such: a client that can add a header behind the proxy could claim another client's address.
    static func headers(
        _ list: UnsafeMutablePointer<evkeyvalq>?, most: Int = .max
    ) -> [(name: WireText, value: WireText)] {
        var headers: [(name: WireText, value: WireText)] = []
        headers.reserveCapacity(8)
        var next = list?.pointee.tqh_first
        while let header = next, headers.count < most {
            headers.append((text(header.pointee.key), text(header.pointee.value)))
            next = header.pointee.next.tqe_next
        }
        return headers
    }

    /// The text of a C string. Bytes that are not UTF-8 are replaced.
    static func text(_ text: UnsafePointer<CChar>?) -> WireText {
        text.map { WireText(String(cString: $0)) } ?? ""
    }

    static func body(_ buffer: OpaquePointer?) -> [UInt8] {
        let count = evbuffer_get_length(buffer)
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { bytes, taken in
            taken = max(0, evbuffer_copyout(buffer, bytes.baseAddress, count))
        }
    }

    static func remoteAddress(_ link: OpaquePointer) -> String {
        var address: UnsafeMutablePointer<CChar>?
        var port: UInt16 = 0
        evhttp_connection_get_peer(link, &address, &port)
        return address.map { String(cString: $0) } ?? ""
    }
}
