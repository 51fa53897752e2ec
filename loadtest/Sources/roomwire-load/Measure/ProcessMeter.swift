internal import Foundation
internal import Glibc

/// What the processes of a server have used, as Linux tells under `/proc`.
struct ProcessUsage {
    /// Time on a processor, user and system, in nanoseconds.
    var cpuNanoseconds: Int64 = 0
    /// Memory that is theirs alone (private clean and dirty pages), in bytes.
    var privateBytes: Int64 = 0
    /// Resident memory, with the pages they share, in bytes.
    var residentBytes: Int64 = 0
}

/// Reads the usage of a server's processes.
struct ProcessMeter {
    /// The processes, all of the server's.
    let processes: [Int32]

    /// Time on a processor only: cheap, and leaves the server alone.
    func cpuNanoseconds() -> Int64 {
        processes.reduce(0) { $0 + Self.cpuNanoseconds(of: $1) }
    }

    /// Resident memory only: cheap, too.
    func residentBytes() -> Int64 {
        processes.reduce(0) { sum, process in
            let words = Self.lines("/proc/\(process)/statm").first?.split(separator: " ") ?? []
            return sum + (words.count > 1 ? (Int64(words[1]) ?? 0) * Int64(sysconf(CInt(_SC_PAGESIZE))) : 0)
        }
    }

    /// Everything. Walks the server's page tables, so not while it is measured.
    func usage() -> ProcessUsage {
        var usage = ProcessUsage(cpuNanoseconds: cpuNanoseconds())
        for process in processes {
            for line in Self.lines("/proc/\(process)/smaps_rollup") {
                let words = line.split(separator: " ")
                guard words.count >= 2, let kibibytes = Int64(words[1]) else { continue }
                switch words[0] {
                case "Rss:": usage.residentBytes += kibibytes * 1024
                case "Private_Clean:", "Private_Dirty:": usage.privateBytes += kibibytes * 1024
                default: break
                }
            }
        }
        return usage
    }

    /// A process's time is counted in ticks of 10 ms in `stat`; `schedstat` has nanoseconds, but of one thread
    /// each, and forgets those that have ended. A server's threads live as long as it does.
    private static func cpuNanoseconds(of process: Int32) -> Int64 {
        let folder = "/proc/\(process)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return threads.reduce(0) { sum, thread in
            let words = lines("\(folder)/\(thread)/schedstat").first?.split(separator: " ")
            return sum + (words?.first.flatMap { Int64($0) } ?? 0)
        }
    }

    private static func lines(_ path: String) -> [Substring] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: "\n")
    }
}
