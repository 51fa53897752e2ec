internal import Events
internal import Wire

/// `DELETE /api/admin/rooms/{source}/{name}`: appends the end of the room, and answers when that is durable. The
/// provider is not told. Its later webhooks for the room count, and a join opens the room again.
enum CloseRoomRoute {
    static let routes = [Route("admin/rooms/{source}/{name}", ["DELETE"], handle: close)]

    @Sendable private static func close(_ request: Request) throws -> Outcome {
        let administrator = try request.administrator()
        let key = RoomKey(source: request.segment(2), name: request.segment(3))
        return .finishRoom(RoomFinish(key: key, administrator: administrator))
    }
}
