internal import FoundationEssentials
internal import Glibc
internal import Platform

/// The system's figures of this process: the metrics of Prometheus' own clients, under the same names.
package struct ProcessReading: Sendable, Equatable {
    var cpuSeconds = 0.0
    var residentBytes = 0
    var virtualBytes = 0
    var openFiles = 0
    /// The limit on open files.
    package private(set) var mostFiles = 0
    var startTimeSeconds = 0.0
    var threads = 0

    /// Nothing read yet.
    package init() {}

    /// Reads proc(5). A figure that cannot be read keeps its last value: a process without free descriptors cannot read
    /// anything, and a counter that falls to 0 would look like a restart.
    package static func now(after last: ProcessReading = ProcessReading()) -> ProcessReading {
        var reading = last
        reading.readStat()
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            reading.mostFiles = Int(clamping: limit.rlim_cur)
        }
        reading.countOpenFiles()
        return reading
    }

    private mutating func readStat() {
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            // The command's name is in parentheses and may contain blanks and parentheses.
            let nameEnd = text.lastIndex(of: ")")
        else { return }
        // From the third field of proc_pid_stat(5) on.
        let fields = text[text.index(after: nameEnd)...].split(separator: " ")
        func field(_ number: Int) -> Double { number - 3 < fields.count ? Double(fields[number - 3]) ?? 0 : 0 }
        let ticks = Double(sysconf(CInt(_SC_CLK_TCK)))
        cpuSeconds = (field(14) + field(15)) / ticks
        threads = Int(field(20))
        startTimeSeconds = Self.bootTimeSeconds + field(22) / ticks
        virtualBytes = Int(field(23))
        residentBytes = Int(field(24)) * sysconf(CInt(_SC_PAGESIZE))
    }

    /// Computed from the clocks, because a hardened service may not read /proc/stat. Computed once, because the
    /// difference changes when the wall clock is set.
    private static let bootTimeSeconds: Double = {
        func seconds(_ clock: clockid_t) -> Double {
            var time = timespec()
            clock_gettime(clock, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        return seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME)
    }()

    private mutating func countOpenFiles() {
        // Since Linux 6.2 the folder's size is the number.
        if let size = System.size(of: "/proc/self/fd"), size > 0 {
            openFiles = size
        } else if let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            // Without the descriptor that the listing itself needs.
            openFiles = max(0, names.count - 1)
        } else if errno == EMFILE {
            openFiles = mostFiles
        }
    }

    /// Writes its metrics.
    package func write(to page: inout MetricsPage) {
        page.single(
            "process_cpu_seconds_total", "counter", "User and system CPU time spent, in seconds.", "\(cpuSeconds)")
        page.single("process_resident_memory_bytes", "gauge", "Resident memory, in bytes.", "\(residentBytes)")
        page.single("process_virtual_memory_bytes", "gauge", "Virtual memory, in bytes.", "\(virtualBytes)")
        page.single("process_open_fds", "gauge", "Open file descriptors.", "\(openFiles)")
        page.single("process_max_fds", "gauge", "How many file descriptors may be open.", "\(mostFiles)")
        page.single(
            "process_start_time_seconds", "gauge", "When the process started, in seconds since 1970.",
            "\(startTimeSeconds)")
        page.single("process_threads", "gauge", "Threads of the process.", "\(threads)")
    }
}
