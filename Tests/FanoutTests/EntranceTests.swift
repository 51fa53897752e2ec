import Events
import Glibc
import TestSupport
import Testing
import Wire

@testable import Fanout

struct EntranceTests {
    @Test
    func hubUsedOnAnotherThreadEndsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            let hub = Hub(settings: HubSettings(), extent: Self.extent, now: 0, wallNow: 0)
            let argument = Unmanaged.passRetained(hub).toOpaque()
            var thread = pthread_t()
            pthread_create(&thread, nil, tickOnThisThread, argument)
            pthread_join(thread, nil)
        }
    }

    @Test
    func hubCalledFromItsOwnDeliveryEndsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            let hub = Hub(settings: HubSettings(), extent: Self.extent, now: 0, wallNow: 0)
            let outlet = ReentrantOutlet()
            let principal = Principal(issuer: "test", user: "user")
            _ = hub.subscribe(
                Subscription(principal: principal, filter: EventFilter(granted: .everything)), outlet: outlet)
            outlet.onWrite = { [unowned hub] in hub.tick() }
            let event = Stage.event(1)
            hub.publish([event], extent: JournalExtent(trimmedThrough: .zero, head: event.id))
        }
    }

    @Test
    func hubBesideTheHubsThatShareStreamIDsEndsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            _ = Hub(settings: HubSettings(), extent: Self.extent, index: 2, of: 2, now: 0, wallNow: 0)
        }
    }

    private static let extent = JournalExtent(trimmedThrough: .zero, head: .zero)
}

private func tickOnThisThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<Hub>.fromOpaque(argument).takeUnretainedValue().tick()
    return nil
}

/// Calls back into the hub while it is written to, which no outlet may do.
private final class ReentrantOutlet: Outlet {
    var onWrite: () -> Void = {}

    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult {
        onWrite()
        return .took(buffers.reduce(0) { $0 + $1.iov_len })
    }

    func waitForRoom() {}
    func close() {}
}
