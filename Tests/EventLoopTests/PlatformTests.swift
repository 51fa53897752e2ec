import Foundation
import Platform
import Testing

/// What Platform asks the system for.
struct PlatformTests {
    private func path() -> String {
        FileManager.default.temporaryDirectory.appending(path: "roomwire-\(UUID().uuidString)").path
    }

    @Test(arguments: [0, 1, 5000, 70_000]) func undumpedBytesAreThoseThatWereGiven(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let kept = try UndumpedBytes(bytes)
        #expect(kept.bytes == bytes && kept.count == count)
    }

    @Test func aLockKeepsASecondOneOutUntilItIsReleased() throws {
        let path = path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            let first = try FileLock(path: path)
            withExtendedLifetime(first) {
                let error = #expect(throws: SystemError.self) { try FileLock(path: path) }
                #expect(error?.code == EWOULDBLOCK)
            }
        }
        _ = try FileLock(path: path)
    }

    @Test func aLockFollowsNoLink() throws {
        let (path, target) = (path(), path())
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
        let error = #expect(throws: SystemError.self) { try FileLock(path: path) }
        #expect(error?.code == ELOOP && !FileManager.default.fileExists(atPath: target))
    }

    @Test func aPipeTellsWhatIsUnreadAndWhetherItHasAReader() throws {
        System.ignoreBrokenPipes()
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        #expect(System.outputKind(ends[1]) == .pipe && System.unreadBytes(ends[1]) == 0)
        #expect(System.writeAll(ends[1], [1, 2, 3]))
        #expect(System.unreadBytes(ends[1]) == 3 && !System.hasNoReader(ends[1]))
        close(ends[0])
        #expect(System.hasNoReader(ends[1]) && !System.writeAll(ends[1], [1]))
        close(ends[1])
    }

    @Test func aFileIsNoPipe() throws {
        let path = path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        #expect(System.outputKind(descriptor) == .file && System.unreadBytes(descriptor) == nil)
        #expect(System.writeAll(descriptor, [1]))
        try System.synchronize(descriptor)
    }

    @Test func aDescriptorThatDoesNotBlockIsWaitedFor() throws {
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        let (reading, count) = (ends[0], 300_000)
        let read = Monitor(0)
        try NamedThread.start(name: "reader") {
            var buffer = [UInt8](repeating: 0, count: 4096)
            var total = 0
            while total < count {
                let got = Glibc.read(reading, &buffer, buffer.count)
                if got <= 0 { break }
                total += got
            }
            let sum = total
            read.change { $0 = sum }
        }
        #expect(System.writeAll(ends[1], [UInt8](repeating: 7, count: count)))
        #expect(read.wait(milliseconds: 30_000) { $0 == count ? true : nil } == true)
        for end in ends { close(end) }
    }
}
