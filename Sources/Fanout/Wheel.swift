internal import Wire

/// Who is to be looked at when: a timing wheel. Setting and removing cost the same however many there are.
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

    /// Has `subscriber` looked at when `time` has come, or at the horizon if that is nearer.
    mutating func set(_ subscriber: Subscriber, at time: SteadyTime) {
        remove(subscriber)
        // Rounded up, so that nobody is looked at before their time; a time that has passed comes next.
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

    /// Everybody whose time has come by `now`. They are off the wheel then.
    mutating func due(at now: SteadyTime) -> [Subscriber] {
        var due: [Subscriber] = []
        let target = now.milliseconds / slotMilliseconds
        // After a long standstill each slot is visited once.
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
