internal import Wire

/// A timing wheel: when each subscriber is checked next. Setting and removing cost the same, however many there are.
struct Wheel {
    private var slots: [[Subscriber]]
    private let slotMilliseconds: Int64
    private var current: Int64

    /// A wheel that reaches `horizonMilliseconds` ahead, in steps of `slotMilliseconds`.
    init(horizonMilliseconds: Int64, slotMilliseconds: Int64, now: SteadyTime) {
        self.slotMilliseconds = slotMilliseconds
        slots = Array(repeating: [], count: Int(horizonMilliseconds / slotMilliseconds) + 2)
        current = now.milliseconds / slotMilliseconds
    }

    /// Schedules the check of `subscriber` at `time`, or at the horizon if that is earlier.
    mutating func set(_ subscriber: Subscriber, at time: SteadyTime) {
        remove(subscriber)
        // Rounded up, so that no subscriber is checked early. A time that has passed becomes the next slot.
        let wanted = (time.milliseconds + slotMilliseconds - 1) / slotMilliseconds
        let tick = min(max(wanted, current + 1), current + Int64(slots.count) - 1)
        let slot = Int(tick % Int64(slots.count))
        subscriber.wheelSlot = Int32(slot)
        subscriber.wheelIndex = Int32(slots[slot].count)
        slots[slot].append(subscriber)
    }

    mutating func remove(_ subscriber: Subscriber) {
        let slot = Int(subscriber.wheelSlot)
        guard slot >= 0 else { return }
        let last = slots[slot].removeLast()
        if last !== subscriber {
            slots[slot][Int(subscriber.wheelIndex)] = last
            last.wheelIndex = subscriber.wheelIndex
        }
        subscriber.wheelSlot = -1
    }

    /// Removes and returns the subscribers that are due at `now`.
    mutating func due(at now: SteadyTime) -> [Subscriber] {
        var due: [Subscriber] = []
        let target = now.milliseconds / slotMilliseconds
        // After a long pause each slot is visited only once.
        current = max(current, target - Int64(slots.count))
        while current < target {
            current += 1
            let slot = Int(current % Int64(slots.count))
            for subscriber in slots[slot] { subscriber.wheelSlot = -1 }
            due += slots[slot]
            slots[slot].removeAll(keepingCapacity: true)
        }
        return due
    }
}
