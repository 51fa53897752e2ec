internal import Access
internal import Events
internal import FrontDoor
internal import Webhooks
internal import Wire

/// What a route decides to do with a request. ``LoopAPI`` carries it out.
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
    /// Ask other threads, and answer when they have replied.
    case ask(Inquiry)
    /// Append the end of a room, and answer when that is durable.
    case finishRoom(RoomFinish)
    /// Become a stream of events.
    case stream(StreamPlan)
    /// Collect a page of events, and answer with it.
    case page(StreamPlan)
    /// Become a stream for diagnosis.
    case diagnose(DiagnosticPlan, Identity)
}
