import Glibc
import Platform
import Testing

@testable import EventLoop

/// What a stream's owner is told, and what it does then.
private final class Owner: StreamSocketOwner {
    var writable = 0
    var ends: [StreamSocket.End] = []
    var whenTold: (StreamSocket) -> Void = { _ in }

    func socketIsWritable(_ socket: StreamSocket) {
        writable += 1
        whenTold(socket)
    }

    func socketHasEnded(_ socket: StreamSocket, because reason: StreamSocket.End) {
        ends.append(reason)
        socket.close()
        whenTold(socket)
    }
}

/// A stream over a socket pair. The other side is `peer`.
private final class Pair {
    let loop: Loop
    let socket: StreamSocket
    let owner = Owner()
    private(set) var peer: CInt

    init() throws {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
        loop = try Loop()
        socket = StreamSocket(takingOver: ends[0], on: loop)
        peer = ends[1]
        socket.owner = owner
        owner.whenTold = { [loop] _ in loop.stop() }
    }

    deinit { closePeer() }

    func closePeer() {
        if peer >= 0 { close(peer) }
        peer = -1
    }

    func write(_ bytes: [UInt8]) -> System.WriteResult {
        var bytes = bytes
        return bytes.withUnsafeMutableBytes { all in
            var half = [
                iovec(iov_base: all.baseAddress, iov_len: all.count / 2),
                iovec(iov_base: all.baseAddress.map { $0 + all.count / 2 }, iov_len: all.count - all.count / 2),
            ]
            return half.withUnsafeMutableBufferPointer { socket.write($0) }
        }
    }

    /// Everything the other side has now.
    func receive() -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(peer, &buffer, buffer.count, 0)
            guard count > 0 else { return all }
            all += buffer[..<count]
        }
    }
}

struct StreamSocketTests {
    @Test
    func piecesArriveAsOneWrite() throws {
        let pair = try Pair()
        #expect(pair.write(Array("hello, stream".utf8)) == .wrote(13))
        #expect(pair.receive() == Array("hello, stream".utf8))
    }

    @Test
    func fullSocketTakesNoMoreAndTellsWhenItDoes() throws {
        let pair = try Pair()
        let block = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        var taken = 0
        var last = System.WriteResult.wouldBlock
        repeat {
            last = pair.write(block)
            if case .wrote(let count) = last { taken += count }
        } while last == .wrote(block.count)
        while case .wrote(let count) = pair.write(block) { taken += count }
        #expect(pair.write(block) == .wouldBlock)
        pair.socket.waitForRoom()
        pair.socket.waitForRoom()
        #expect(pair.receive().count == taken)
        pair.loop.run()
        #expect(pair.owner.writable == 1)
        #expect(pair.write(block) != .wouldBlock)
    }

    @Test
    func otherSidesClosingIsNoticed() throws {
        let pair = try Pair()
        pair.closePeer()
        pair.loop.run()
        #expect(pair.owner.ends == [.closedByClient])
        #expect(!pair.socket.isOpen)
        #expect(pair.write([1, 2]) == .closed)
    }

    @Test
    func otherSidesClosingIsNoticedWhileWaitingForRoom() throws {
        let pair = try Pair()
        while case .wrote = pair.write([UInt8](repeating: 0, count: 100_000)) {}
        pair.socket.waitForRoom()
        pair.closePeer()
        pair.loop.run()
        #expect(pair.owner.ends == [.closedByClient])
        #expect(pair.owner.writable == 0)
    }

    @Test
    func writeToABrokenConnectionIsAValueAndNoSignal() throws {
        let pair = try Pair()
        pair.closePeer()
        #expect(pair.write([1, 2]) == .closed)
    }

    @Test(arguments: [(StreamSocket.strayBytes, false), (StreamSocket.strayBytes + 1, true)])
    func strayInputIsDroppedUpToALimit(bytes: Int, ends: Bool) throws {
        let pair = try Pair()
        let stray = [UInt8](repeating: 0x2A, count: bytes)
        #expect(send(pair.peer, stray, stray.count, 0) == bytes)
        let end = LoopTimer(on: pair.loop) { [loop = pair.loop] in loop.stop() }
        end.set(afterMilliseconds: 20)
        pair.loop.run()
        #expect(pair.owner.ends == (ends ? [.strayInput] : []))
        #expect(pair.socket.isOpen == !ends)
    }

    @Test
    func closingTwiceClosesOneDescriptor() throws {
        let pair = try Pair()
        pair.socket.close()
        let reused = dup(pair.peer)
        pair.socket.close()
        #expect(fcntl(reused, F_GETFD) >= 0)
        close(reused)
    }

    @Test
    func socketWhoseOwnerHasGoneClosesItself() throws {
        let pair = try Pair()
        pair.socket.owner = nil
        pair.closePeer()
        let end = LoopTimer(on: pair.loop) { [loop = pair.loop] in loop.stop() }
        end.set(afterMilliseconds: 20)
        pair.loop.run()
        #expect(!pair.socket.isOpen)
    }
}
