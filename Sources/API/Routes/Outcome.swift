internal import Access
internal import Events
internal import FrontDoor
internal import Webhooks
internal import Wire

/// What a route says is to be done with a request.
enum Outcome {
    /// Answer now.
    case answer(HTTPResponse)
    /// Answer once this event is committed.
    case append(Draft, source: String)
    /// Answer once these events are committed.
    case appendAll([Draft], source: String)
    /// Answer once this event of a client is committed.
    case publish(Draft)
    /// Hand this event to the streams of all loops, and answer.
    case broadcast(EphemeralEvent)
    /// Answer with rooms, once they are found.
    case listRooms(RoomsPlan)
    /// Answer when other threads have replied.
    case ask(Inquiry)
    /// Answer when a room is finished.
    case finishRoom(RoomFinish)
    /// Become a stream of events.
    case stream(StreamPlan)
    /// Become a page of events.
    case page(StreamPlan)
    /// Become a stream for diagnosis.
    case diagnose(DiagnosticPlan, Identity)
}
