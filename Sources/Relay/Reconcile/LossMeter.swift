internal import API
internal import Events
internal import Wire

/// Recognises the late webhooks of events that reconciliation added: what is left are webhooks that were lost.
struct LossMeter: Sendable {
    /// What an event is about.
    private struct Subject: Hashable {
        let source: WireText
        let type: ReconciledType
        let id: WireText
    }

    /// What the meter makes of an event.
    enum Finding: Equatable {
        case added(ReconciledType)
        case twin(ReconciledType)
    }

    private var waiting: Set<Subject> = []
    /// The same in the order of their events, so that the oldest is forgotten first.
    private var order: [Subject] = []
    private var head = 0

    /// Looks at a committed event; nil for one that reconciliation has no part in.
    mutating func finding(in event: Event) -> Finding? {
        guard event.isReconciled || event.isLate, let type = ReconciledType(event.type) else { return nil }
        let id = event.data.track?.id ?? event.data.participant?.id ?? event.data.room?.id ?? event.room ?? ""
        let subject = Subject(source: event.source, type: type, id: id)
        guard event.isReconciled else {
            return waiting.remove(subject) == nil ? nil : .twin(type)
        }
        if waiting.insert(subject).inserted { remember(subject) }
        return .added(type)
    }

    private mutating func remember(_ subject: Subject) {
        order.append(subject)
        while waiting.count > Limits.rememberedReconciled, head < order.count {
            waiting.remove(order[head])
            head += 1
        }
        guard head > Limits.rememberedReconciled || order.count > 4 * Limits.rememberedReconciled else { return }
        order = order[head...].filter { waiting.contains($0) }
        head = 0
    }
}
