internal import Events
internal import Platform
internal import Wire

/// Writes lines to an output, and saves the place of the last line that its reader has taken.
///
/// A place is saved after its line was taken, never before: a line whose place was not saved is written again by the
/// next run, so every line is written at least once. A thread saves at most every 100 ms and at the end, so that a
/// stream of a thousand events a second costs ten writes to the disk and not a thousand.
final class PlaceKeeper: Sendable {
    private struct Status: Sendable {
        var progress = OutputProgress()
        /// The newest place that the reader has passed and the file does not have.
        var unsaved: EventID?
        /// True while a line is being written.
        var isWriting = false
        var isEnding = false
        var hasEnded = false
        /// Why the last attempt to save failed.
        var failure: SystemError?
    }

    private let output: CInt
    private let outputKind: System.OutputKind
    private let save: @Sendable (EventID) throws(SystemError) -> Void
    private let status = Monitor(Status())

    private static let intervalMilliseconds = 100
    /// How long to wait before another attempt after a failure.
    private static let retryMilliseconds = 1000
    /// How long the end waits for the reader to take what is in the pipe.
    private static let endMilliseconds = 2000
    private static let endPollMilliseconds = 5

    /// - Parameters:
    ///   - output: the descriptor to write to.
    ///   - save: saves a place durably; called on the keeper's thread.
    init(output: CInt, save: @escaping @Sendable (EventID) throws(SystemError) -> Void) throws(SystemError) {
        self.output = output
        self.save = save
        outputKind = System.outputKind(output)
        System.ignoreBrokenPipes()
        try NamedThread.start(name: "tail-state") { [self] in run() }
    }

    /// Writes a line, which ends at a place. Waits while the reader does not read.
    /// - Returns: false if the reader has gone.
    func write(_ line: String, place: EventID?) -> Bool {
        // Once the end has begun nothing more is written, and this waits for the signal that ends the process.
        _ = status.wait { status -> Bool? in
            if status.isEnding { return nil }
            status.isWriting = true
            return true
        }
        let bytes = Array((line + "\n").utf8)
        let isWritten = System.writeAll(output, bytes)
        status.change { status in
            status.isWriting = false
            guard isWritten else { return }
            status.progress.wrote(bytes: bytes.count)
            if let place { status.progress.reached(place) }
        }
        return isWritten
    }

    /// The stream has reached a place without a line.
    func reached(_ place: EventID) {
        status.change { $0.progress.reached(place) }
    }

    /// Waits a moment for the reader to take what was written, and saves the last place. Any thread may call it, also
    /// twice.
    /// - Returns: why the place could not be saved; nil if it is.
    func finish() -> SystemError? {
        status.change { $0.isEnding = true }
        return status.wait { $0.hasEnded ? .some($0.failure) : nil } ?? nil
    }

    private func run() {
        while true {
            let hasFailed = status.wait { status -> Bool? in
                status.isEnding || status.progress.isWaiting || status.unsaved != nil ? status.failure != nil : nil
            }
            let pause = hasFailed == true ? Self.retryMilliseconds : Self.intervalMilliseconds
            let isEnding = status.wait(milliseconds: pause) { $0.isEnding ? true : nil } == true
            if isEnding { waitForReader() }
            saveIfPassed()
            guard isEnding else { continue }
            status.change { $0.hasEnded = true }
            return
        }
    }

    private func waitForReader() {
        let deadline = SteadyTime.now() + Int64(Self.endMilliseconds)
        while SteadyTime.now() < deadline, !System.hasNoReader(output) {
            notePassed()
            let isDone = status.withLock { !$0.isWriting && !$0.progress.isWaiting }
            if isDone { return }
            _ = status.wait(milliseconds: Self.endPollMilliseconds) { _ in nil as Bool? }
        }
    }

    private func notePassed() {
        status.withLock { status in
            // Read under the lock: a line that is written meanwhile counts as unread.
            let unread = outputKind == .pipe ? System.unreadBytes(output) ?? 0 : 0
            if let id = status.progress.passed(unreadBytes: unread) { status.unsaved = id }
        }
    }

    private func saveIfPassed() {
        notePassed()
        guard let id = status.withLock({ $0.unsaved }) else { return }
        do throws(SystemError) {
            // A loss of power must not leave a place beyond the lines.
            if outputKind == .file { try System.synchronize(output) }
            try save(id)
            status.change { status in
                if status.unsaved == id { status.unsaved = nil }
                status.failure = nil
            }
        } catch {
            let isNew = status.change { status in
                defer { status.failure = error }
                return status.failure == nil
            }
            if isNew { Terminal.notice("the place is not saved: \(error); trying again") }
        }
    }
}
