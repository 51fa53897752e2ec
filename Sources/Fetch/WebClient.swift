internal import Dispatch

/// Sends requests one after another, over one connection if the server keeps it open.
package final class WebClient: Sendable {
    private let connection: CurlConnection
    /// libcurl blocks its thread for the length of a transfer, so it runs on this queue.
    private let queue = DispatchQueue(label: "web client")

    /// A client without a connection.
    package init(trusting certificates: TrustedCertificates) {
        connection = CurlConnection(trusting: certificates)
    }

    /// Sends a request. Its answer is read as it arrives, no faster than the caller takes the parts. A second request
    /// waits until the first answer has ended or was abandoned.
    package func parts(of request: WebRequest) -> WebAnswerParts {
        WebAnswerParts { flow in
            queue.async { [connection] in flow.finish(connection.run(request, into: flow)) }
        }
    }

    /// Sends a request and reads its whole answer; the body beyond `limitBytes` is dropped.
    package func answer(to request: WebRequest, limitBytes: Int) async throws -> WebAnswer {
        var status = 0
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        for try await part in parts(of: request) {
            switch part {
            case .head(let newStatus, let newHeaders): (status, headers) = (newStatus, newHeaders)
            case .bytes(let bytes): body += bytes.prefix(max(0, limitBytes - body.count))
            }
        }
        guard status > 0 else { throw WebFailure.broken }
        return WebAnswer(status: status, headers: headers, body: body)
    }
}
