internal import Events
package import Wire

extension Capture {
    /// The capture of a request, with the headers that its provider verifies by and those that say how the body is
    /// encoded. All other headers, such as cookies and a proxy's credentials, are left out.
    package init(of request: WebhookRequest, by provider: any Provider, receivedAt: WallTime) {
        let names = provider.signatureHeaders + Self.bodyHeaders
        var kept = request
        kept.headers = request.headers.filter { header in
            names.contains { header.name.utf8.elementsEqualIgnoringASCIICase($0.utf8) }
        }
        self.init(name: nil, request: kept, verifyAt: receivedAt)
    }

    private static let bodyHeaders = ["Content-Type", "Content-Encoding"]

    /// How many bytes its headers and its target have.
    package var headBytes: Int {
        request.headers.reduce(request.target.byteCount) { $0 + $1.name.byteCount + $1.value.byteCount }
    }

    /// An object that ``read(_:)`` parses. A header that was sent more than once is an array.
    package var json: [UInt8] {
        var headers = JSONObject()
        for header in request.headers {
            switch headers[header.name] {
            case nil: headers[header.name] = .string(header.value)
            case .array(let values): headers[header.name] = .array(values + [.string(header.value)])
            case let value?: headers[header.name] = .array([value, .string(header.value)])
            }
        }
        return JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("name", name)
                writer.member("verifyAt", verifyAt.map { JSONValue.decimal(Self.seconds($0)) })
                writer.member("target", request.target)
                writer.member("headers", JSONValue.object(headers))
                writer.member("bodyBase64", Base64.standard.text(request.body))
            }
        }
    }

    /// Seconds with three digits of a fraction.
    private static func seconds(_ time: WallTime) -> String {
        let fraction = String(time.milliseconds % 1000)
        return "\(time.milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
