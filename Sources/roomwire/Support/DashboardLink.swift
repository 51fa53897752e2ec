internal import Foundation
internal import Glibc
internal import Platform
internal import Settings
internal import Wire

/// A link to the relay's dashboard.
enum DashboardLink {
    /// The lifetime of the token that `serve` shows on a terminal.
    static let servedSeconds: Int64 = 12 * 3600
    /// The user of that token.
    static let user = "dashboard"

    /// The address of the page. With a token, the page signs in with it. The token is in the fragment, which browsers do
    /// not send to servers and which the page removes at once.
    static func link(base: String, token: String?) -> String {
        token.map { "\(base)/#token=\($0)" } ?? "\(base)/"
    }

    /// The line that `serve` prints on a terminal only: files and pipes end up in logs, which must not hold a token. Nil
    /// if there is no terminal or no dashboard.
    static func announcement(_ settings: Settings, base: String, isTerminal: Bool, now: WallTime) -> String? {
        guard isTerminal, settings.dashboard else { return nil }
        // Without an issuer with a shared secret no token can be made here, and the page asks for one.
        let source = try? TokenSource(settings)
        let token = source?.mint(user: user, raw: true, admin: true, ttlSeconds: servedSeconds, now: now)
        return "dashboard: \(link(base: base, token: token))"
    }

    /// Opens a link in the user's browser, if there is a desktop.
    ///
    /// Every user of the machine can read the arguments of a program, so the browser gets a private file that redirects
    /// it to the link.
    /// - Returns: false if there is no desktop, or no program to open the link.
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
