internal import ArgumentParser
internal import CLibevent
internal import EventLoop
internal import Foundation
internal import Glibc
internal import Platform

/// A copy of this program that holds a share of the streams, seen from the one that started it.
final class ShardProcess {
    /// The subcommand that is the other side.
    static let command = "worker"

    /// Where it stands, as it last said.
    private(set) var status = ShardStatus()
    /// What came of it, once it was told to finish.
    private(set) var result: ShardResult?
    /// Whether it is gone without having said what came of it.
    private(set) var isLost = false
    private var process: pid_t = 0
    private var lines: Lines<ShardReport>?
    private var sent = 0

    /// Starts it.
    init(_ setup: ShardSetup, on loop: Loop) throws(SystemError) {
        var pair: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else { throw SystemError("make a pair of sockets") }
        process = try Self.spawn(input: pair[1])
        Glibc.close(pair[1])
        lines = Lines(pair[0], on: loop) { [weak self] in self?.take($0) }
        lines?.send(setup)
    }

    deinit {
        // It ends when its socket closes.
        lines = nil
        var code: CInt = 0
        waitpid(process, &code, 0)
    }

    private static func spawn(input: CInt) throws(SystemError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        let arguments = [strdup("roomwire-load"), strdup(Self.command), nil]
        defer { arguments.forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, "/proc/self/exe", &actions, nil, arguments, environ)
        guard code == 0 else { throw SystemError("start another process", code: code) }
        return process
    }

    private func take(_ report: ShardReport?) {
        switch report {
        case .status(let status): self.status = status
        case .result(let result): self.result = result
        case nil: isLost = result == nil
        }
    }

    /// Sends a command.
    func carryOut(_ command: ShardCommand) {
        sent += 1
        lines?.send(command)
    }

    /// Whether its status tells of the last command.
    var isCurrent: Bool { status.commands == sent }
}

/// `roomwire-load worker`: the other side.
struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: ShardProcess.command, shouldDisplay: false)

    /// How often it says where it stands.
    private static let statusMilliseconds: Int64 = 25

    func run() throws {
        RecordBuffers.keep()
        System.ignoreBrokenPipes()
        _ = System.raiseOpenFileLimit()
        let loop = try Loop()
        let setup = try Self.setup()
        let shard = try Shard(setup, at: try Workplace(loop))
        // Its own copy of standard input, which is what the run before it has closed.
        var lines: Lines<ShardCommand>?
        lines = Lines(dup(STDIN_FILENO), on: loop) { command in
            guard let command else { return loop.stop() }
            shard.carryOut(command)
            if case .finish(let published) = command {
                lines?.send(ShardReport.result(shard.finish(published: published)))
                return loop.stop()
            }
            lines?.send(ShardReport.status(shard.status))
        }
        var timer: LoopTimer?
        timer = LoopTimer(on: loop) {
            lines?.send(ShardReport.status(shard.status))
            timer?.set(afterMilliseconds: Self.statusMilliseconds)
        }
        timer?.set(afterMilliseconds: Self.statusMilliseconds)
        withExtendedLifetime(lines) { loop.run() }
        timer = nil
        lines = nil
    }

    /// The first line of standard input, read byte by byte so that nothing of the next is taken.
    private static func setup() throws -> ShardSetup {
        var line = Data()
        var byte: UInt8 = 0
        while read(STDIN_FILENO, &byte, 1) == 1, byte != 0x0A { line.append(byte) }
        return try JSONDecoder().decode(ShardSetup.self, from: line)
    }
}
