internal import FrontDoor
internal import Logging

extension Relay {
    /// Reads certificate and key anew, for connections from now on; streams that are open stay as they are.
    /// - Throws: why the new ones cannot be used. Then the old ones stay in use.
    public func reloadCertificates() throws(SettingsError) {
        try reloadCertificates(context.settings)
    }

    /// The same with the files that other settings name.
    func reloadCertificates(_ settings: Settings) throws(SettingsError) {
        guard let tls = context.tls, let identity = try settings.tlsIdentity() else { return }
        tls.replace(identity)
        for warning in identity.warnings { context.log.warning("\(warning)") }
        context.log.info("the certificate was read anew")
    }

    /// ``reloadCertificates()`` whose failure is logged.
    func tryToReloadCertificates() {
        do {
            try reloadCertificates()
        } catch {
            context.log.error("the certificate stays as it was: \(error)")
        }
    }
}
