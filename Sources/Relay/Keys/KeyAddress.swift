internal import API
internal import Access
internal import Events
internal import Fetch
internal import Settings
internal import Wire

/// The address of an issuer's keys (`jwks_url`), and the algorithms that they may be used with.
struct KeyAddress: Sendable, Hashable {
    let issuer: String
    let address: WebAddress
    let authorities: String?
    let algorithms: [SignatureAlgorithm]

    /// Nil for an issuer without `jwks_url`. The settings have checked the address.
    init?(_ issuer: IssuerFile) {
        guard let url = issuer.jwksURL, let address = try? WebAddress(url) else { return nil }
        self.issuer = issuer.name
        self.address = address
        authorities = issuer.jwksCAFile
        algorithms = issuer.algorithms
    }

    /// A valid key set.
    struct KeySet: Sendable {
        let text: String
        let keys: PublicKeys
        let maxAgeSeconds: Int?
    }

    /// Why a fetch failed.
    struct Failure: Error, Sendable, Equatable {
        /// The label of the metric.
        let outcome: KeyFetchOutcome
        /// One sentence for the operator.
        let problem: String
    }

    /// Fetches and parses the set.
    func fetch() async throws(Failure) -> KeySet {
        let fetch = Fetch(
            address, authorities: authorities, timeoutMilliseconds: Limits.keyFetchMilliseconds,
            limitBytes: Limits.keySetBytes)
        let document: Fetch.Document
        do { document = try await fetch.document() } catch { throw Failure(error) }
        guard let text = String(validating: document.body, as: UTF8.self) else {
            throw Failure(outcome: .unusable, problem: "the answer is no text in UTF-8")
        }
        return KeySet(text: text, keys: try read(text), maxAgeSeconds: document.maxAgeSeconds)
    }

    /// Parses a set.
    func read(_ text: String) throws(Failure) -> PublicKeys {
        do { return try PublicKeys.jwks(text, algorithms: algorithms) } catch {
            throw Failure(outcome: .unusable, problem: "the answer is no key set that can be used: \(error.problem)")
        }
    }
}

extension KeyAddress.Failure {
    fileprivate init(_ failure: Fetch.Failure) {
        switch failure {
        case .timedOut:
            self.init(outcome: .timeout, problem: "it took longer than \(Limits.keyFetchMilliseconds / 1000) s")
        case .unreachable(let text): self.init(outcome: .unreachable, problem: text)
        case .untrusted(let text): self.init(outcome: .untrusted, problem: text)
        case .status(let status): self.init(outcome: .status, problem: "the answer was \(status), not 200")
        case .tooLarge:
            self.init(outcome: .tooLarge, problem: "the answer is larger than \(Limits.keySetBytes / 1024) KiB")
        }
    }
}
