import COpenSSL
import Foundation
import Platform
import Testing
import Wire

@testable import FrontDoor

struct TLSIdentityTests {
    private func fault(_ certificate: String, _ key: String) -> TLSFault? {
        do throws(TLSFault) {
            _ = try TLSIdentity(certificate: certificate, key: key)
            return nil
        } catch {
            return error
        }
    }

    @Test
    func goodPairIsTakenWithoutAWarning() throws {
        let files = try TestCertificate()
        #expect(try TLSIdentity(certificate: files.certificate, key: files.key).warnings == [])
    }

    @Test
    func missingFileIsNamed() throws {
        let files = try TestCertificate()
        let certificate = fault("/nowhere/c.pem", files.key)
        #expect(certificate?.file == .certificate)
        #expect(certificate?.description == "cannot read /nowhere/c.pem: No such file or directory")
        let key = fault(files.certificate, "/nowhere/k.pem")
        #expect(key?.file == .key)
        #expect(key?.description == "cannot read /nowhere/k.pem: No such file or directory")
    }

    @Test
    func keyOfAnotherCertificateIsRefused() throws {
        let files = try TestCertificate()
        let other = try TestCertificate()
        let fault = fault(files.certificate, other.key)
        #expect(fault?.file == .key)
        #expect(fault?.description == "\(other.key) is not the key of the certificate")
    }

    @Test
    func keyOfAnotherKindIsRefused() throws {
        let files = try TestCertificate()
        let key = files.folder + "/rsa.pem"
        try TestCertificate.openssl(["genrsa", "-out", key, "2048"])
        #expect(fault(files.certificate, key)?.description == "\(key) is not the key of the certificate")
    }

    @Test
    func encryptedKeyIsRefusedWithWhatHelps() throws {
        let files = try TestCertificate()
        let key = files.folder + "/encrypted.pem"
        try TestCertificate.openssl(["pkey", "-in", files.key, "-aes256", "-passout", "pass:secret", "-out", key])
        let fault = fault(files.certificate, key)
        #expect(fault?.file == .key)
        #expect(fault?.description.hasPrefix("\(key) is encrypted") == true)
    }

    @Test
    func whatIsNoPEMIsRefused() throws {
        let files = try TestCertificate()
        let text = files.folder + "/text.pem"
        try "no certificate".write(toFile: text, atomically: false, encoding: .utf8)
        #expect(fault(text, files.key)?.description.hasPrefix("\(text) holds no certificate in PEM") == true)
        #expect(fault(files.certificate, text)?.description.hasPrefix("\(text) holds no private key in PEM") == true)
        #expect(fault(files.key, files.key)?.file == .certificate)
    }

    @Test
    func expiredCertificateIsTakenWithAWarning() throws {
        let files = try TestCertificate()
        try files.expire()
        let warnings = try TLSIdentity(certificate: files.certificate, key: files.key).warnings
        #expect(warnings == ["the certificate in \(files.certificate) has expired: clients will refuse it"])
    }

    @Test
    func certificateThatEndsSoonIsWarnedAbout() throws {
        let files = try TestCertificate(days: 2)
        let warnings = try TLSIdentity(certificate: files.certificate, key: files.key).warnings
        #expect(warnings == ["the certificate in \(files.certificate) expires within 7 days"])
    }

    @Test
    func keyThatEverybodyCanReadIsWarnedAbout() throws {
        let files = try TestCertificate()
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: files.key)
        let warnings = try TLSIdentity(certificate: files.certificate, key: files.key).warnings
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("every user of this machine can read the key in \(files.key)") == true)
    }

    @Test
    func ticketsGetNewKeysOnceADayAndTheCertificateStays() throws {
        let files = try TestCertificate()
        let identity = try TLSIdentity(certificate: files.certificate, key: files.key)
        let termination = TLSTermination(identity)
        let hour: Int64 = 3_600_000
        termination.renewTickets(now: SteadyTime.now() + 23 * hour)
        #expect(termination.current === identity)
        termination.renewTickets(now: SteadyTime.now() + 25 * hour)
        #expect(termination.current !== identity)
        let old = try #require(identity.makeConnection())
        let new = try #require(termination.current.makeConnection())
        #expect(X509_cmp(SSL_get_certificate(old), SSL_get_certificate(new)) == 0)
        #expect(EVP_PKEY_eq(SSL_get_privatekey(old), SSL_get_privatekey(new)) == 1)
        SSL_free(old)
        SSL_free(new)
    }
}
