internal import CLibevent
internal import Glibc

/// Builds the bytes of an answer that is written directly to the socket.
///
/// evhttp prints an answer into its buffer line by line, waits until epoll reports the socket as writable, and writes
/// in another turn of the loop. For a webhook's empty answer that is most of the work, and the socket nearly always
/// accepts it at once. So an ordinary answer to an ordinary request is written here, with the bytes that evhttp would
/// send; see ``DoorConnection/answerDirectly(_:to:)``. All other answers are left to evhttp.
final class DirectAnswer {
    /// The last answer, stored so that its memory is used again.
    private var bytes: [UInt8] = []
    private var dateLine: [UInt8] = []
    /// The second, since 1970, for which ``dateLine`` was built.
    private var dateSecond = -1

    /// The bytes of an answer; nil if evhttp must build them.
    func bytes(of response: HTTPResponse) -> [UInt8]? {
        guard Self.isOrdinary(response) else { return nil }
        bytes.removeAll(keepingCapacity: true)
        bytes += "HTTP/1.1 ".utf8
        bytes += String(response.status).utf8
        bytes += " ".utf8
        bytes += HTTPResponse.reason(response.status).utf8
        bytes += "\r\n".utf8
        for header in response.headers {
            bytes += header.name.utf8
            bytes += ": ".utf8
            bytes += header.value.utf8
            bytes += "\r\n".utf8
        }
        addDate()
        bytes += "Content-Length: ".utf8
        bytes += String(response.body.count).utf8
        bytes += "\r\n\r\n".utf8
        bytes += response.body
        return bytes
    }

    /// Whether evhttp would add its date and length and nothing else.
    private static func isOrdinary(_ response: HTTPResponse) -> Bool {
        // 204 and 304 have no length.
        guard response.status >= 200, response.status != 204, response.status != 304 else { return false }
        guard !response.closesConnection, response.body.count <= mostBytes else { return false }
        // Without a Content-Type evhttp would add one. Other headers might be among those that evhttp adds itself.
        return response.headers.count == 1 && response.headers[0].name == "Content-Type"
            && !response.headers[0].value.utf8.contains { $0 < 0x20 }
    }

    /// A longer body is not worth the copy.
    private static let mostBytes = 4096

    private func addDate() {
        let now = time(nil)
        if now != dateSecond {
            dateSecond = now
            var date = [CChar](repeating: 0, count: 50)
            evutil_date_rfc1123(&date, date.count, nil)
            let text = date.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            dateLine = Array("Date: ".utf8) + text + Array("\r\n".utf8)
        }
        bytes += dateLine
    }
}
