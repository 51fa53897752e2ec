internal import Events
internal import FrontDoor
internal import Wire

/// `GET /api/admin/sources`: the counts of each source since the relay started.
enum SourcesRoute {
    static let routes = [Route("admin/sources", ["GET", "HEAD"], handle: list)]

    @Sendable private static func list(_ request: Request) throws -> Outcome {
        _ = try request.administrator()
        let sources = request.rules.sources
        let counts = request.shared.metrics.sources()
        let published = request.shared.metrics.published()
        return .answer(
            .json { writer in
                writer.object { writer in
                    writer.name("sources")
                    writer.array { writer in
                        for source in counts {
                            source.write(provider: sources[WireText(source.name)]?.providerName, to: &writer)
                        }
                    }
                    writer.name("clients")
                    writer.object { published.write(to: &$0) }
                }
            })
    }
}
