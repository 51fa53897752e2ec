import COpenSSL
import EventLoop
import Glibc
import Platform
import Testing

@testable import FrontDoor

/// What a stream's owner is told, and what it does then.
private final class Owner: StreamSocketOwner {
    var writable = 0
    var ends: [StreamSocket.End] = []
    var whenTold: () -> Void = {}

    func socketIsWritable(_ socket: StreamSocket) {
        writable += 1
        whenTold()
    }

    func socketHasEnded(_ socket: StreamSocket, because reason: StreamSocket.End) {
        ends.append(reason)
        socket.close()
        whenTold()
    }
}

/// An encrypted stream over a socket pair, after its handshake. OpenSSL is the client.
private final class TLSPair {
    let loop: Loop
    private(set) var socket: TLSStreamSocket
    let owner = Owner()
    let client: OpaquePointer
    private let clientContext: OpaquePointer
    private var peer: CInt

    init(version: CInt = TLS1_3_VERSION, fragmentLength: UInt8 = 0) throws {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
        let files = try TestCertificate()
        let identity = try TLSIdentity(certificate: files.certificate, key: files.key)
        let server = try #require(identity.makeConnection())
        clientContext = try #require(SSL_CTX_new(TLS_client_method()))
        roomwire_ssl_ctx_set_versions(clientContext, version, version)
        SSL_CTX_set_tlsext_max_fragment_length(clientContext, fragmentLength)
        client = try #require(SSL_new(clientContext))
        SSL_set_fd(client, ends[1])
        SSL_set_connect_state(client)
        SSL_set_fd(server, ends[0])
        SSL_set_accept_state(server)
        var isDone = false
        for _ in 0..<100 where !isDone {
            let clientIsDone = SSL_do_handshake(client) == 1
            isDone = SSL_do_handshake(server) == 1 && clientIsDone
        }
        try #require(isDone)
        loop = try Loop()
        peer = ends[1]
        socket = TLSStreamSocket(takingOver: ends[0], ssl: server, scratch: TLSStreamSocket.Scratch(), on: loop)
        socket.owner = owner
        owner.whenTold = { [loop] in loop.stop() }
    }

    deinit {
        closePeer()
        SSL_free(client)
        SSL_CTX_free(clientContext)
    }

    func closePeer() {
        if peer >= 0 { close(peer) }
        peer = -1
    }

    /// Writes in pieces of odd sizes.
    func write(_ bytes: ArraySlice<UInt8>) -> System.WriteResult {
        var bytes = Array(bytes)
        return bytes.withUnsafeMutableBytes { all in
            var pieces: [iovec] = []
            var start = 0
            var size = 1
            while start < all.count, let base = all.baseAddress {
                let count = min(size, all.count - start)
                pieces.append(iovec(iov_base: base + start, iov_len: count))
                start += count
                size = size * 3 % 20_011 + 1
            }
            return pieces.withUnsafeMutableBufferPointer { socket.write($0) }
        }
    }

    /// Everything the client has now.
    func receive() -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = SSL_read(client, &buffer, CInt(buffer.count))
            guard count > 0 else { return all }
            all += buffer[..<Int(count)]
        }
    }

    /// Writes what fits.
    func writeUntilFull(_ bytes: [UInt8]) -> Int {
        var taken = 0
        while taken < bytes.count, case .wrote(let count) = write(bytes[taken...].prefix(50_000)) { taken += count }
        return taken
    }

    /// Has the loop turn for a moment.
    func turn(milliseconds: Int64 = 20) {
        let end = LoopTimer(on: loop) { [loop] in loop.stop() }
        end.set(afterMilliseconds: milliseconds)
        loop.run()
    }
}

struct TLSStreamSocketTests {
    private static let block = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func piecesArriveInOrderAndWhole(version: CInt) throws {
        let pair = try TLSPair(version: version)
        #expect(pair.write(Self.block[..<100_000]) == .wrote(100_000))
        #expect(pair.receive() == Array(Self.block[..<100_000]))
    }

    @Test
    func manyPiecesGoIntoFewRecords() throws {
        let pair = try TLSPair()
        #expect(pair.write(Self.block[..<16_384]) == .wrote(16_384))
        var byte: UInt8 = 0
        #expect(SSL_read(pair.client, &byte, 1) == 1)
        // OpenSSL has decrypted one record, and all of it is there.
        #expect(SSL_pending(pair.client) == 16_383)
    }

    @Test(arguments: [0, UInt8(TLSEXT_max_fragment_length_512)])
    func stalledReaderGetsEveryByteOnce(fragmentLength: UInt8) throws {
        let pair = try TLSPair(fragmentLength: fragmentLength)
        var taken = 0
        var received: [UInt8] = []
        var stalls = 0
        while taken < Self.block.count {
            taken += pair.writeUntilFull(Array(Self.block[taken...]))
            if taken == Self.block.count { break }
            stalls += 1
            #expect(pair.write(Self.block[taken...].prefix(10)) == .wouldBlock)
            pair.socket.waitForRoom()
            received += pair.receive()
            pair.loop.run()
        }
        // The rest of a record that counts as taken comes without being asked for.
        while received.count < taken {
            pair.turn(milliseconds: 1)
            received += pair.receive()
        }
        #expect(stalls > 1)
        #expect(pair.owner.writable == stalls)
        #expect(received == Self.block)
    }

    @Test
    func whatCountsAsTakenIsSentEvenIfOtherBytesAreWrittenNext() throws {
        let pair = try TLSPair()
        let taken = pair.writeUntilFull(Self.block)
        #expect(pair.write(ArraySlice("not now".utf8)) == .wouldBlock)
        var received = pair.receive()
        while case .wouldBlock = pair.write(ArraySlice("another word".utf8)) { received += pair.receive() }
        received += pair.receive()
        #expect(received == Array(Self.block[..<taken]) + Array("another word".utf8))
    }

    @Test
    func closedStreamStillSendsWhatWasTakenAndSaysGoodbye() throws {
        let pair = try TLSPair()
        let taken = pair.writeUntilFull(Self.block)
        pair.socket.close()
        #expect(!pair.socket.isOpen)
        #expect(pair.write([1]) == .closed)
        var received: [UInt8] = []
        while received.count < taken {
            received += pair.receive()
            pair.turn(milliseconds: 1)
        }
        received += pair.receive()
        #expect(received == Array(Self.block[..<taken]))
        #expect(SSL_get_shutdown(pair.client) & SSL_RECEIVED_SHUTDOWN != 0)
    }

    @Test
    func closedStreamWhoseClientLeavesIsGivenUp() throws {
        let pair = try TLSPair()
        _ = pair.writeUntilFull(Self.block)
        let descriptor = pair.socket.descriptor
        pair.socket.close()
        #expect(fcntl(descriptor, F_GETFD) >= 0)
        pair.closePeer()
        pair.turn()
        #expect(pair.socket.descriptor == -1)
    }

    @Test
    func keysThatTheClientChangesAreFollowed() throws {
        let pair = try TLSPair()
        for round in 0..<3 {
            #expect(SSL_key_update(pair.client, SSL_KEY_UPDATE_REQUESTED) == 1)
            #expect(SSL_do_handshake(pair.client) == 1)
            pair.turn()
            #expect(pair.write(Self.block[..<20_000]) == .wrote(20_000), "round \(round)")
            #expect(pair.receive() == Array(Self.block[..<20_000]), "round \(round)")
        }
        #expect(pair.owner.ends == [])
    }

    @Test
    func clientThatChangesItsKeysWithoutEndIsCutOff() throws {
        let pair = try TLSPair()
        for _ in 0..<500 {
            SSL_key_update(pair.client, SSL_KEY_UPDATE_REQUESTED)
            SSL_do_handshake(pair.client)
        }
        pair.turn()
        #expect(pair.owner.ends == [.strayInput])
    }

    @Test
    func goodbyeOfTheClientIsNoticed() throws {
        let pair = try TLSPair()
        SSL_shutdown(pair.client)
        pair.loop.run()
        #expect(pair.owner.ends == [.closedByClient])
        #expect(pair.write([1, 2]) == .closed)
    }

    @Test
    func renegotiationIsRefusedAndTheStreamGoesOn() throws {
        let pair = try TLSPair(version: TLS1_2_VERSION)
        SSL_renegotiate(pair.client)
        _ = SSL_do_handshake(pair.client)
        pair.turn()
        #expect(pair.owner.ends == [])
        #expect(pair.write(Self.block[..<10]) == .wrote(10))
    }

    @Test
    func bytesThatAreNoTLSEndTheStream() throws {
        let pair = try TLSPair()
        let noise = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        #expect(send(SSL_get_fd(pair.client), noise, noise.count, 0) == noise.count)
        pair.loop.run()
        #expect(pair.owner.ends == [.closedByClient])
    }

    @Test(arguments: [(3_000, false), (5_000, true)])
    func strayInputIsDroppedUpToALimit(bytes: Int, ends: Bool) throws {
        let pair = try TLSPair()
        #expect(SSL_write(pair.client, Self.block, CInt(bytes)) == CInt(bytes))
        pair.turn()
        #expect(pair.owner.ends == (ends ? [.strayInput] : []))
    }
}
