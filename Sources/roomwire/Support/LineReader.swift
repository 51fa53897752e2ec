internal import Glibc

/// Reads a file or a pipe line by line, with the memory of one line.
struct LineReader {
    private let path: String
    private let descriptor: CInt
    private let mostLineBytes: Int
    private var buffer: [UInt8] = []
    /// Where the next line begins in `buffer`.
    private var start = 0
    private var isAtEnd = false
    /// The number of the last line, from 1.
    private(set) var number = 0
    /// How many bytes of the file the lines so far took.
    private(set) var bytesRead = 0
    /// The size of a regular file; nil for anything else.
    let totalBytes: Int?

    private static let chunkBytes = 256 * 1024

    /// Opens the file at `path`; `-` is standard input.
    init(path: String, mostLineBytes: Int) throws(Failure) {
        self.path = path
        self.mostLineBytes = mostLineBytes
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .invalid("\(path): \(errno == ENOENT ? "there is no such file" : String(cString: strerror(errno)))")
        }
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        totalBytes = isFile ? Int(status.st_size) : nil
    }

    /// The next line without its end; nil at the end. A last line needs no end.
    mutating func next() throws(Failure) -> ArraySlice<UInt8>? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) { return take(upTo: end, skip: 1) }
            searched = buffer.count
            guard searched - start <= mostLineBytes else {
                throw .invalid("\(path): line \(number + 1) is longer than \(mostLineBytes) bytes")
            }
            if isAtEnd { return start == buffer.count ? nil : take(upTo: buffer.count, skip: 0) }
            searched -= try fill()
        }
    }

    private mutating func take(upTo end: Int, skip: Int) -> ArraySlice<UInt8> {
        defer { start = end + skip }
        number += 1
        bytesRead += end + skip - start
        return buffer[start..<end]
    }

    /// Reads a chunk more.
    /// - Returns: how many bytes at the front were dropped, because their lines are done.
    private mutating func fill() throws(Failure) -> Int {
        let dropped = start
        buffer.removeFirst(dropped)
        start = 0
        let length = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: Self.chunkBytes))
        var count = 0
        repeat {
            count = buffer[length...].withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        } while count < 0 && errno == EINTR
        guard count >= 0 else { throw .invalid("\(path): \(String(cString: strerror(errno)))") }
        buffer.removeLast(Self.chunkBytes - count)
        isAtEnd = count == 0
        return dropped
    }
}
