// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is compiled with: a warning is an error, `any` is written out, and an import is
/// visible only where it is made, so that the order of the targets below is the order of the imports.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "roomwire",
    products: [
        .executable(name: "roomwire", targets: ["roomwire"]),
        // For loadtest, which is a package of its own.
        .library(name: "CLibevent", targets: ["CLibevent"]),
        .library(name: "COpenSSL", targets: ["COpenSSL"]),
        .library(name: "EventLoop", targets: ["EventLoop"]),
        .library(name: "Platform", targets: ["Platform"]),
        .library(name: "Webhooks", targets: ["Webhooks"]),
        .library(name: "Wire", targets: ["Wire"]),
    ],
    // Exact versions, those of the packages that these depend on included: two clones of one commit are one program.
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", exact: "1.5.0"),
    ],
    targets: [
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CLibevent", providers: [.apt(["libevent-dev"])]),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),

        // From here on imports go down the list of design: a target sees only those above it.
        .target(name: "Wire", swiftSettings: strict),
        .target(name: "Platform", dependencies: ["Wire", "CLinux"], swiftSettings: strict),
        .target(name: "Events", dependencies: ["Wire"], swiftSettings: strict),
        .target(name: "EventLoop", dependencies: ["Platform", "CLibevent"], swiftSettings: strict),
        .target(name: "Fetch", dependencies: ["CCurl"], swiftSettings: strict),
        .target(name: "Webhooks", dependencies: ["Events", "Wire", crypto], swiftSettings: strict),
        .target(
            name: "Access",
            dependencies: [
                "Events", "Wire", crypto, cryptoExtras,
                // CryptoExtras' own. It is named here because only what a target uses can be pinned.
                .product(name: "SwiftASN1", package: "swift-asn1"),
            ],
            swiftSettings: strict),
        .target(
            name: "Journal",
            dependencies: [
                "Events", "Wire", "Platform", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        .target(name: "Fanout", dependencies: ["Events", "Wire"], swiftSettings: strict),
        .target(
            name: "FrontDoor", dependencies: ["EventLoop", "Platform", "Wire", "CLibevent", "COpenSSL"],
            swiftSettings: strict),
        .target(
            name: "Settings",
            dependencies: [
                "Access", "Webhooks", "Fetch", "FrontDoor", "Platform", "Events", "Wire", crypto, logging,
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        // Embedded.swift holds the files of the folders, which embed.py writes.
        .target(
            name: "Page", dependencies: ["Wire"], exclude: ["client", "dashboard", "embed.py", "strip.py"],
            swiftSettings: strict),
        .target(name: "Telemetry", dependencies: ["Platform", "Events", "Wire", logging], swiftSettings: strict),
        .target(
            name: "API",
            dependencies: [
                "Access", "EventLoop", "Events", "Fanout", "FrontDoor", "Journal", "Page", "Platform", "Telemetry",
                "Webhooks", "Wire", logging,
            ],
            swiftSettings: strict),
        .target(
            name: "Relay",
            dependencies: [
                "Wire", "Platform", "Events", "Settings", "Telemetry", "EventLoop", "Fetch", "Webhooks", "Access",
                "Journal", "Fanout", "FrontDoor", "API",
                crypto, logging,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "roomwire",
            dependencies: [
                "Relay", "Settings", "Platform", "Wire", "Events", "Fetch", "Access", "Webhooks",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // What tests of several targets need.
        .target(name: "TestSupport", dependencies: ["Wire"], path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(name: "WireTests", dependencies: ["Wire", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "EventsTests", dependencies: ["Events", "Wire", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "WebhooksTests", dependencies: ["Webhooks", "Events", "Wire", "TestSupport", crypto],
            swiftSettings: strict),
        .testTarget(
            name: "AccessTests", dependencies: ["Access", "Events", "Wire", "TestSupport", crypto, cryptoExtras],
            swiftSettings: strict),
        .testTarget(
            name: "JournalTests",
            dependencies: [
                "Journal", "Events", "Wire", "Platform", "TestSupport", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        .testTarget(name: "FanoutTests", dependencies: ["Fanout", "Events", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "SimulatorTests", dependencies: ["Access", "Fanout", "Journal", "Events", "TestSupport"],
            swiftSettings: strict),
        .testTarget(name: "EventLoopTests", dependencies: ["EventLoop", "Platform"], swiftSettings: strict),
        .testTarget(name: "FetchTests", dependencies: ["Fetch"], swiftSettings: strict),
        .testTarget(
            name: "FrontDoorTests", dependencies: ["FrontDoor", "EventLoop", "Platform", "Wire", "COpenSSL"],
            swiftSettings: strict),
        .testTarget(name: "PageTests", dependencies: ["Page", "Wire"], swiftSettings: strict),
        .testTarget(
            name: "SettingsTests", dependencies: ["Settings", "Access", "Events", "Platform", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "TelemetryTests", dependencies: ["Telemetry", "Wire", "Events", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "APITests",
            dependencies: [
                "API", "Access", "EventLoop", "Events", "Fanout", "FrontDoor", "Journal", "Page", "Platform",
                "Telemetry", "TestSupport", "Webhooks", "Wire", crypto, logging,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "RelayTests",
            dependencies: [
                "API", "Relay", "Wire", "Platform", "Events", "Access", "Journal", "Settings", "Telemetry",
                "TestSupport", "Webhooks",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "roomwireTests",
            dependencies: [
                "roomwire", "Settings", "Platform", "Events", "Access", "Webhooks", "TestSupport", "Wire",
            ],
            swiftSettings: strict),
    ]
)
