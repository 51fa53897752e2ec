internal import FrontDoor
package import Telemetry
internal import Wire

/// Makes the bodies of `/readyz` and `/metrics`. The relay's composition supplies the functions.
package struct OperatingPages: Sendable {
    /// Whether the relay is ready, and JSON that says which part is not.
    let readiness: @Sendable () -> (isReady: Bool, json: [UInt8])
    /// The metrics page.
    let metrics: @Sendable (MetricsFormat) -> [UInt8]

    /// Pages made by these functions. Each loop calls them on its thread.
    package init(
        readiness: @escaping @Sendable () -> (isReady: Bool, json: [UInt8]),
        metrics: @escaping @Sendable (MetricsFormat) -> [UInt8]
    ) {
        self.readiness = readiness
        self.metrics = metrics
    }
}

/// `GET /healthz`, `/readyz` and `/metrics`, outside of the API's prefix.
enum OperatingRoutes {
    static let health = Route("healthz", ["GET", "HEAD"], for: .servers) { _ in
        .answer(HTTPResponse(status: 200, body: Array("ok\n".utf8)))
    }

    static func all(_ pages: OperatingPages) -> [Route] {
        [
            health,
            Route("readyz", ["GET", "HEAD"], for: .servers) { _ in readiness(pages) },
            Route("metrics", ["GET", "HEAD"], for: .servers) { metrics($0, pages) },
        ]
    }

    private static func readiness(_ pages: OperatingPages) -> Outcome {
        let (isReady, json) = pages.readiness()
        var response = HTTPResponse.json(isReady ? 200 : 503, encoded: json)
        if !isReady { response.headers.append(("Retry-After", "1")) }
        return .answer(response)
    }

    private static func metrics(_ request: Request, _ pages: OperatingPages) -> Outcome {
        let format = MetricsFormat(accept: request.http.header("accept"))
        var response = HTTPResponse(status: 200, contentType: format.contentType, body: pages.metrics(format))
        response.headers.append(("Vary", "Accept"))
        return .answer(response)
    }
}
