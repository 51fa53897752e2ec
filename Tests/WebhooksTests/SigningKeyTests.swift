import Crypto
import Events
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// A key is taken in once, and every code is made with a copy of that state.
struct SigningKeyTests {
    /// Shorter than a block of the hash, just one, and longer, which is hashed first.
    @Test(arguments: [1, 31, 63, 64, 65, 200])
    func everyCodeIsThatOfAFreshKey(_ keyBytes: Int) {
        var random = SeededGenerator(seed: 11)
        func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) } }
        let secret = bytes(keyBytes)
        let key = SigningKey(secret)
        let other = SigningKey(bytes(keyBytes))
        for (first, second) in [(0, 0), (11, 0), (0, 64), (55, 9), (64, 64), (11, 5000)] {
            let (first, second) = (bytes(first), bytes(second))
            let fresh = Array(
                HMAC<SHA256>.authenticationCode(for: first + second, using: SymmetricKey(data: secret)))
            #expect(key.code(over: first, second) == fresh)
            #expect(key.signed(fresh, over: first, second))
            #expect(!other.signed(fresh, over: first, second))
            #expect(!key.signed(fresh, over: first, second + [0]))
            #expect(!key.signed(Array(fresh.dropLast()), over: first, second))
        }
    }

    @Test func manyThreadsMayUseOneKey() async {
        let key = SigningKey("secret".utf8)
        let codes = await withTaskGroup(of: [[UInt8]].self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<200).map { key.code(over: Array("text \($0)".utf8)) } }
            }
            return await group.reduce(into: Set<[[UInt8]]>()) { $0.insert($1) }
        }
        #expect(codes.count == 1)
        #expect(codes.first.map { Set($0).count } == 200)
    }
}
