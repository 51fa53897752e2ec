internal import FoundationEssentials

/// The cores that this process may run on.
enum ActiveCores {
    /// How many, as `taskset` and containers with their own set of cores leave them; Foundation counts the machine's.
    static func count() -> Int {
        let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        return status.flatMap(allowed) ?? ProcessInfo.processInfo.activeProcessorCount
    }

    /// The bits set in the line `Cpus_allowed`: hexadecimal, in groups with commas between them (proc(5)).
    static func allowed(_ status: String) -> Int? {
        let name = "Cpus_allowed:"
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        let count = line.dropFirst(name.count).reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
        return count > 0 ? count : nil
    }
}
