import Events
import Testing
import Wire

@testable import Webhooks

/// Daily, Whereby and Standard Webhooks requests, made from the documented formulas.
struct OtherVectorTests {
    static func provider(of vector: Vector) throws -> any Provider {
        let name = try #require(vector.object["provider"]?.string?.string)
        let type = try #require(Providers.named(name))
        let key = try #require(vector.object["key"]?.string?.string)
        return try type.init(settings: ProviderSettings(source: WireText(name), secrets: [key]))
    }

    @Test(arguments: try Vectors.all("other.json"))
    func verdictIsAsExpected(_ vector: Vector) throws {
        let refusal = try Self.provider(of: vector).refusal(vector.capture.request, now: vector.now)
        guard let expected = vector.expected else { return }
        #expect((refusal == nil) == expected, "\(String(describing: refusal))")
    }
}
