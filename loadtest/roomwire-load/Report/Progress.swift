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
        StandardError.write("\r\u{1B}[K\(show())")
        timer?.set(afterMilliseconds: 200)
    }

    /// Takes the line away.
    func clear() {
        timer = nil
        if isShown { StandardError.write("\r\u{1B}[K") }
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
