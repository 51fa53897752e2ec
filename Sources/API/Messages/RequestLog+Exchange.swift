package import FrontDoor
internal import Platform
internal import Telemetry

extension LoggedRequest {
    /// The parts of a request that the log shows.
    init(_ exchange: any HTTPExchange) {
        let request = exchange.request
        self.init(
            method: request.method, path: request.path, query: request.query, remoteAddress: request.remoteAddress,
            user: exchange.user, issuer: exchange.issuer)
    }
}

extension RequestLog {
    /// Logs a request that was answered.
    package func answered(_ exchange: Exchange, _ answer: Exchange.Answer) {
        answered(
            LoggedRequest(exchange),
            LoggedAnswer(
                status: answer.status, bytes: answer.bytes, microseconds: exchange.stopwatch.microseconds,
                isRoutine: exchange.isRoutine))
    }
}
