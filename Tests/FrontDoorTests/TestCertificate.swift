import COpenSSL
import Foundation
import Testing

/// A certificate for `localhost` and its key in a folder of their own, made by `openssl` and gone afterwards.
final class TestCertificate: Sendable {
    let folder: String
    var certificate: String { folder + "/certificate.pem" }
    var key: String { folder + "/key.pem" }

    init(days: Int = 30) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "roomwire-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        try Self.openssl(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=localhost",
            ]
                + ["-keyout", key, "-out", certificate, "-days", String(days)])
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Has the certificate end an hour ago. The command knows no way to make one that has ended.
    func expire() throws {
        let keyFile = try #require(BIO_new_file(key, "r"))
        let file = try #require(BIO_new_file(certificate, "r+"))
        defer {
            BIO_free(keyFile)
            BIO_free(file)
        }
        let signer = try #require(PEM_read_bio_PrivateKey(keyFile, nil, nil, nil))
        let ended = try #require(PEM_read_bio_X509(file, nil, nil, nil))
        defer {
            EVP_PKEY_free(signer)
            X509_free(ended)
        }
        X509_gmtime_adj(X509_getm_notBefore(ended), -7200)
        X509_gmtime_adj(X509_getm_notAfter(ended), -3600)
        try #require(X509_sign(ended, signer, EVP_sha256()) > 0)
        let anew = try #require(BIO_new_file(certificate, "w"))
        defer { BIO_free(anew) }
        try #require(PEM_write_bio_X509(anew, ended) == 1)
    }

    /// Runs `openssl` to a good end.
    static func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments.joined(separator: " "))")
    }
}
