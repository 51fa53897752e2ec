internal import Events
internal import FrontDoor
internal import Wire

/// `GET /api/schema/events.json` and `/api/schema/roomwire.d.ts`: what events look like. No token is needed.
enum SchemaRoute {
    static let routes = [Route("schema/{document}", ["GET", "HEAD"], handle: show)]

    @Sendable private static func show(_ request: Request) -> Outcome {
        switch request.segment(1) {
        case "events.json": document(SchemaDocuments.jsonSchema, type: "application/schema+json")
        case "roomwire.d.ts": document(TypeScriptTypes.document, type: "text/plain; charset=utf-8")
        default: .answer(Problem.notFound("There are events.json and roomwire.d.ts.").response)
        }
    }

    private static func document(_ body: [UInt8], type: String) -> Outcome {
        var response = HTTPResponse(status: 200, contentType: type, body: body)
        // The documents change only with the program.
        response.headers.append(("Cache-Control", "public, max-age=3600"))
        return .answer(response)
    }
}
