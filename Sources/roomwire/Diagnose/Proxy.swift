/// Common proxies and load balancers, and their settings for streams.
enum Proxy: String, CaseIterable {
    case nginx
    case caddy = "Caddy"
    case apache = "Apache"
    case haproxy = "HAProxy"
    case traefik = "Traefik"
    case envoy = "Envoy"
    case cloudflare = "Cloudflare"
    case amazon = "AWS load balancer"
    case google = "Google load balancer"
    case varnish = "Varnish"

    /// The proxies that `Server`, `Via` and similar headers name.
    static func named(by run: DiagnosticRun) -> [Proxy] {
        let server = (run.headers["server"] ?? "").lowercased()
        let via = "\(run.headers["via"] ?? "") \(run.requestHeader("via") ?? "")".lowercased()
        var found: [Proxy] = []
        func add(_ proxy: Proxy, if condition: Bool) { if condition { found.append(proxy) } }
        add(.nginx, if: server.contains("nginx") || server.contains("openresty") || via.contains("nginx"))
        add(.caddy, if: server.contains("caddy") || via.contains("caddy"))
        add(.apache, if: server.contains("apache") || via.contains("apache"))
        add(.haproxy, if: server.contains("haproxy") || via.contains("haproxy"))
        add(.traefik, if: server.contains("traefik") || via.contains("traefik"))
        add(.envoy, if: server.contains("envoy") || run.requestHeader("x-envoy-external-address") != nil)
        add(.cloudflare, if: server.contains("cloudflare") || run.headers["cf-ray"] != nil)
        add(.amazon, if: server.contains("awselb") || run.requestHeader("x-amzn-trace-id") != nil)
        add(.google, if: via.contains("google"))
        add(.varnish, if: server.contains("varnish") || via.contains("varnish"))
        return found
    }

    /// The setting to change for a check that failed; nil if the proxy never does that.
    func remedy(for check: Diagnosis.Check) -> String? {
        switch check {
        case .buffering: Self.buffering[self]
        case .cutting: Self.cutting[self]
        case .compression: Self.compression[self]
        case .headers: Self.headers[self]
        case .protocolVersion: Self.version[self]
        }
    }

    /// The setting that passes `Authorization` on; nil if the proxy never drops the header.
    var authorizationRemedy: String? {
        switch self {
        case .nginx: "no proxy_set_header Authorization with another value, and no auth_basic before the relay"
        case .caddy: "no header_up -Authorization in reverse_proxy, and no basic_auth before the relay"
        case .apache: "no RequestHeader unset Authorization; with CGIPassAuth or SetEnvIf pass it on"
        case .haproxy: "no http-request del-header Authorization"
        case .traefik: "removeHeader: false in basicAuth, and no empty Authorization in customRequestHeaders"
        case .envoy: "forward: true in the jwt_authn provider, and no Authorization in request_headers_to_remove"
        case .amazon: "in CloudFront an origin request policy that forwards Authorization"
        case .varnish: "no unset req.http.Authorization"
        case .cloudflare, .google: nil
        }
    }

    private static let buffering: [Proxy: String] = [
        .nginx: "proxy_buffering off; and no proxy_ignore_headers X-Accel-Buffering; and gzip off;",
        .caddy: "flush_interval -1 in reverse_proxy, and no encode before it for /api/events",
        .apache: "ProxyPass ... flushpackets=on, and SetEnv no-gzip 1",
        .haproxy: "no option http-buffer-request, and no compression algo for text/event-stream",
        .traefik: "no buffering middleware, and responseForwarding.flushInterval: 1ms",
        .envoy: "no buffer filter on the route",
        .cloudflare: "response buffering off (Rules), and no transformation of the body",
        .amazon:
            "load balancers pass bytes on at once; look at the proxies behind them. API Gateway and Lambda do buffer",
        .google: "no CDN on the backend, and gzip off",
        .varnish: "set beresp.do_stream = true; or return (pipe) for /api/events",
    ]
    private static let cutting: [Proxy: String] = [
        .nginx: "proxy_read_timeout longer than the heartbeat, such as 1h; (and send_timeout for slow readers)",
        .caddy: "no read_timeout in transport http, and no write timeout in servers { timeouts }",
        .apache: "ProxyPass ... timeout=3600, and no RequestReadTimeout for bodies of answers",
        .haproxy: "timeout server, timeout client and timeout tunnel longer than the heartbeat, such as 1h",
        .traefik: "respondingTimeouts.writeTimeout: 0 and idleTimeout longer than the heartbeat",
        .envoy: "timeout: 0s on the route, and stream_idle_timeout longer than the heartbeat",
        .cloudflare: "nothing to set: 100 s of silence are allowed; keep streams.heartbeat well below",
        .amazon: "idle_timeout.timeout_seconds longer than the heartbeat (60 s unless set)",
        .google: "the backend service's timeout: it bounds the whole stream (30 s unless set), such as 3600",
        .varnish: "between_bytes_timeout longer than the heartbeat, or return (pipe)",
    ]
    private static let compression: [Proxy: String] = [
        .nginx: "gzip off; in the location, or no text/event-stream in gzip_types",
        .caddy: "no encode for /api/events",
        .apache: "SetEnv no-gzip 1, or no text/event-stream in AddOutputFilterByType DEFLATE",
        .haproxy: "no text/event-stream in compression type",
        .traefik: "excludedContentTypes: text/event-stream of the compress middleware",
        .envoy: "no text/event-stream in the compressor's content_type",
        .cloudflare: "a Compression Rule that turns it off for /api/events",
        .amazon: "in CloudFront no automatic compression for the path",
        .google: "compressionMode: DISABLED on the backend",
        .varnish: "set beresp.do_gzip = false",
    ]
    private static let headers: [Proxy: String] = [
        .nginx: "no proxy_cache, no add_header Cache-Control and no expires for /api/events",
        .caddy: "no header Cache-Control for /api/events",
        .apache: "no mod_cache, no mod_expires and no Header set Cache-Control for /api/events",
        .cloudflare: "a Cache Rule that bypasses the cache for /api",
        .google: "no CDN on the backend",
        .varnish: "return (pass) or return (pipe) for /api/events",
    ]
    private static let version: [Proxy: String] = [
        .nginx: "proxy_http_version 1.1; proxy_set_header Connection \"\";",
        .apache: "no SetEnv proxy-nokeepalive, and no force-proxy-request-1.0",
        .haproxy: "no option httpclose",
    ]
}
