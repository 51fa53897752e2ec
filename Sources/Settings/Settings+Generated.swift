extension Settings {
    /// The settings with everything that the relay makes up for itself: a secret for tokens where no issuer is set
    /// up, and for the demo a source. Made once and kept in the data folder, so that `serve`, `token`, `send` and
    /// `tail` on one machine agree.
    ///
    /// - Parameter demo: whether the demo's source is wanted even if it was never made before.
    package func completed(demo: Bool) throws(DataFolderError) -> Settings {
        var settings = self
        let folder = DataFolder(path: data)
        if tokens.issuers.isEmpty {
            var issuer = IssuerFile(name: EnvironmentReader.ownIssuer)
            issuer.hs256 = try folder.tokenSecret()
            settings.tokens.issuers = [issuer]
            settings.origins["\(IssuerReader.key).\(issuer.name)"] = .generated(folder.file(DataFolder.tokenSecretFile))
        }
        if demo && source(named: DataFolder.demoName) == nil {
            let source = try folder.demoSource()
            settings.sources.append(source)
            settings.origins["\(SourceReader.key).\(source.name)"] = .generated(folder.file(DataFolder.demoFile))
        }
        return settings
    }

    /// The issuer whose tokens this machine can mint: the first one with a shared secret.
    package var mintingIssuer: IssuerFile? { tokens.issuers.first { $0.hs256 != nil } }
}
