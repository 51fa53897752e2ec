internal import Foundation
internal import Glibc
internal import Platform
internal import Settings
internal import Wire

/// A link to the relay's dashboard.
enum DashboardLink {
    /// How long the token lives that `serve` shows on a terminal.
    static let servedSeconds: Int64 = 12 * 3600
    /// The user of that token.
    static let user = "dashboard"

    /// The address of the page; with a token it signs in by itself. The token is in the fragment, which browsers do not
    /// send, and which the page removes at once.
    static func link(base: String, token: String?) -> String {
        token.map { "\(base)/#token=\($0)" } ?? "\(base)/"
    }

    /// What `serve` says on a terminal, and nowhere else: what it writes to files and pipes ends up in logs, where a
    /// token must not be. Nil if nothing is to be said.
    static func announcement(_ settings: Settings, base: String, isTerminal: Bool, now: WallTime) -> String? {
        guard isTerminal, settings.dashboard else { return nil }
        // Issuers with public keys only make their tokens elsewhere: then the page asks for one.
        let source = try? TokenSource(settings)
        let token = source?.mint(user: user, raw: true, admin: true, ttlSeconds: servedSeconds, now: now)
        return "dashboard: \(link(base: base, token: token))"
    }

    /// Opens a link in the user's browser, where there is a desktop to do it on.
    ///
    /// Arguments of a program are there for every user of the machine to read, so the browser is given a file of the
    /// user's own, which leads it on.
    /// - Returns: false if there is nothing to open it with.
    static func open(_ link: String, environment: [String: String]) -> Bool {
        let hasDesktop = ["DISPLAY", "WAYLAND_DISPLAY"].contains { environment[$0]?.isEmpty == false }
        guard hasDesktop, let folder = environment["XDG_RUNTIME_DIR"], !folder.isEmpty,
            let program = program("xdg-open", environment)
        else { return false }
        let file = folder + "/roomwire-dashboard.html"
        let refresh = "<meta http-equiv=\"refresh\" content=\"0;url=\(escaped(link))\">"
        let page = "<!doctype html>\(refresh)<title>roomwire</title>\n"
        guard write(page, to: file) else { return false }
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = [file]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    private static func write(_ text: String, to file: String) -> Bool {
        unlink(file)
        let descriptor = Glibc.open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } == bytes.count
    }

    private static func program(_ name: String, _ environment: [String: String]) -> String? {
        (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("<", with: "&lt;")
    }
}
