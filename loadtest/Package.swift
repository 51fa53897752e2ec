// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is compiled with: the same as those of the relay.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "roomwire-loadtest",
    products: [.executable(name: "roomwire-load", targets: ["roomwire-load"])],
    // Exact versions, the relay's where both use a package, those that Histogram depends on included.
    dependencies: [
        // By name: without one it would be that of the folder into which the repository was cloned.
        .package(name: "roomwire", path: ".."),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-numerics", exact: "1.1.1"),
    ],
    targets: [
        .executableTarget(
            name: "roomwire-load",
            dependencies: [
                .product(name: "CLibevent", package: "roomwire"),
                .product(name: "COpenSSL", package: "roomwire"),
                .product(name: "EventLoop", package: "roomwire"),
                .product(name: "Platform", package: "roomwire"),
                .product(name: "Webhooks", package: "roomwire"),
                .product(name: "Wire", package: "roomwire"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                // Histogram's own. It is named here because only what a target uses can be pinned.
                .product(name: "Numerics", package: "swift-numerics"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "LoadTests",
            dependencies: [
                "roomwire-load",
                .product(name: "Wire", package: "roomwire"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: strict),
    ]
)
