package import FrontDoor

extension Settings {
    /// Reads the certificate and the key for the addresses over TLS; nil if there is no such address.
    ///
    /// Not a part of ``load(file:environment:overrides:)``: only who serves or checks needs to be able to read a key.
    package func tlsIdentity() throws(SettingsError) -> TLSIdentity? {
        guard let address = listen.first(where: \.isSecure) else { return nil }
        guard let certificate = tls.certificate, let key = tls.key else {
            throw missing(address)
        }
        do {
            return try TLSIdentity(certificate: certificate, key: key)
        } catch {
            throw problem(error.file == .certificate ? "tls.certificate" : "tls.key", error.description)
        }
    }

    /// Checks the files for the addresses over TLS.
    /// - Returns: what an operator should know although they can be used, each as a sentence without a full stop.
    /// - Throws: why they cannot be used, with the setting's place.
    package func checkTLS() throws(SettingsError) -> [String] {
        if let identity = try tlsIdentity() { return identity.warnings }
        guard tls != TLSSettings() else { return [] }
        return ["tls is set, but no address of listen begins with https://, so nothing is encrypted"]
    }

    /// Says it where one of the two is set, or, where none is, at the address.
    private func missing(_ address: ListenAddress) -> SettingsError {
        if tls.certificate != nil { return problem("tls.certificate", "needs tls.key beside it") }
        if tls.key != nil { return problem("tls.key", "needs tls.certificate beside it") }
        return problem("listen", "\(address) needs tls.certificate and tls.key")
    }

    private func problem(_ key: String, _ sentence: String) -> SettingsError {
        SettingsError(problems: [SettingsProblem(origins[key] ?? .standard, key, sentence)])
    }
}
