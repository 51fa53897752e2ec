internal import EventLoop
internal import Glibc

/// One line that says where a run stands, on a terminal only.
final class Progress {
    /// What the line says.
    var show: () -> String = { "" }
    private var timer: LoopTimer?
    private let isShown = isatty(STDERR_FILENO) == 1

    /// Begins to show.
    init(on loop: Loop) {
        guard isShown else { return }
        timer = LoopTimer(on: loop) { [weak self] in self?.tick() }
        timer?.set(afterMilliseconds: 200)
    }

    private func tick() {
        // A line that wraps would not be taken away whole.
        StandardError.write("\r\u{1B}[K" + show().prefix(Self.columns - 1))
        timer?.set(afterMilliseconds: 200)
    }

    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
        return Int(size.ws_col)
    }

    /// Takes the line away.
    func clear() {
        timer = nil
        if isShown { StandardError.write("\r\u{1B}[K") }
    }
}

/// What the line says.
struct ProgressLine {
    let scenario: String
    /// Since the run began.
    let seconds: Double
    let open: Int
    let streams: Int
    let published: Int
    let deliveries: Int
    let drops: Int
    let faults: Int

    /// In words, each number where it was before as long as it has as many digits.
    var text: String {
        let time = (seconds * 10).rounded() / 10
        var parts = ["\(scenario) \(time) s", "\(open)/\(streams) streams", "\(published) published"]
        parts.append("\(Self.short(deliveries)) shown")
        if drops > 0 { parts.append("\(drops) cut") }
        parts.append("\(faults) faults")
        return parts.joined(separator: "  ")
    }

    /// A number in few characters.
    static func short(_ number: Int) -> String {
        switch number {
        case ..<100_000: String(number)
        case ..<10_000_000: "\(number / 1000)k"
        default: "\(Double(number / 100_000) / 10)M"
        }
    }
}

/// Where everything goes that is said to people, not to programs.
enum StandardError {
    /// Writes `text`. What nobody takes is lost.
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
