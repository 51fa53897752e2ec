internal import Events
internal import FrontDoor

/// `GET /api/schema/events.json` and `/api/schema/roomwire.d.ts`: what events look like, for anybody to read.
enum SchemaRoute {
    static func answer(_ request: HTTPRequest, document: WireText) -> HTTPResponse {
        guard request.method == "GET" || request.method == "HEAD" else {
            return Problem.method(request.method, allowed: "GET, HEAD").response
        }
        let body: [UInt8]
        let type: String
        switch document {
        case "events.json":
            body = SchemaDocuments.jsonSchema
            type = "application/schema+json"
        case "roomwire.d.ts":
            body = SchemaDocuments.typeScript
            type = "text/plain; charset=utf-8"
        default: return Problem.notFound("There are events.json and roomwire.d.ts.").response
        }
        // The documents change with the program only.
        var response = HTTPResponse(status: 200, contentType: type, body: body)
        response.headers.append(("Cache-Control", "public, max-age=3600"))
        return response
    }
}
