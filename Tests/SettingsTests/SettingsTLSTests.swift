import TestSupport
import Testing

@testable import Settings

@Suite struct SettingsTLSTests {
    @Test(arguments: [
        ("https://127.0.0.1:3443", "127.0.0.1", 3443, true), ("https://:3443", "0.0.0.0", 3443, true),
        ("https://[::1]:3443", "::1", 3443, true), ("http://127.0.0.1:3001", "127.0.0.1", 3001, false),
        ("https://localhost:0", "127.0.0.1", 0, true),
    ])
    func theSchemeOfAnAddressSaysWhetherItIsEncrypted(text: String, host: String, port: Int, isSecure: Bool) throws {
        #expect(try ListenAddress(text) == ListenAddress(host: host, port: port, isSecure: isSecure))
    }

    @Test(arguments: [
        "https://", "https://127.0.0.1", "https://example.com:443", "ftp://127.0.0.1:1", "https:127.0.0.1:1",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(throws: BadValue.self) { try ListenAddress(text) }
    }

    @Test func addressesWithAndWithoutTLSStandSideBySide() throws {
        let settings = try load(
            """
            listen: [127.0.0.1:3001, https://:3443]
            tls: {certificate: /etc/tls/fullchain.pem, key: ~/key.pem}
            """, environment: ["HOME": "/home/ada"])
        #expect(settings.listen.map(\.description) == ["127.0.0.1:3001", "https://0.0.0.0:3443"])
        #expect(settings.tls.certificate == "/etc/tls/fullchain.pem")
        #expect(settings.tls.key == "/home/ada/key.pem")
    }

    @Test func theEnvironmentSetsTheFilesAsWell() throws {
        let settings = try load(
            "",
            environment: ["ROOMWIRE_TLS_CERTIFICATE": "/c", "ROOMWIRE_TLS_KEY": "/k", "ROOMWIRE_LISTEN": "https://:1"])
        #expect(settings.tls.certificate == "/c")
        #expect(settings.tls.key == "/k")
        #expect(settings.listen == [ListenAddress(host: "0.0.0.0", port: 1, isSecure: true)])
    }

    /// What the check says, without the folder of the file.
    private func fault(_ yaml: String) throws -> String? {
        let folder = try TemporaryFolder()
        let settings = try Settings.load(
            file: folder.file("roomwire.yaml", yaml), environment: [:], overrides: [:], checkSource: takesAnySource)
        do {
            _ = try settings.checkTLS()
            return nil
        } catch {
            return error.description.replacing(folder.path + "/", with: "")
        }
    }

    @Test(arguments: [
        (
            "listen: https://:3443",
            "roomwire.yaml:1: listen: https://0.0.0.0:3443 needs tls.certificate and tls.key"
        ),
        (
            "listen: https://:3443\ntls:\n  certificate: /nowhere.pem",
            "roomwire.yaml:3: tls.certificate: needs tls.key beside it"
        ),
        (
            "listen: https://:3443\ntls:\n  key: /nowhere.pem",
            "roomwire.yaml:3: tls.key: needs tls.certificate beside it"
        ),
        (
            "listen: https://:3443\ntls:\n  certificate: /nowhere.pem\n  key: /nowhere.pem",
            "roomwire.yaml:3: tls.certificate: cannot read /nowhere.pem: No such file or directory"
        ),
    ])
    func whatIsMissingIsSaidWithItsLine(yaml: String, sentence: String) throws {
        #expect(try fault(yaml) == sentence)
    }

    @Test func filesThatNoAddressUsesAreWarnedAboutAndNotRead() throws {
        let settings = try load("tls: {certificate: /nowhere.pem, key: /nowhere.pem}")
        #expect(try settings.checkTLS().count == 1)
        #expect(try load("").checkTLS() == [])
    }
}
