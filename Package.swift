// swift-tools-version: 6.1

import PackageDescription

/// Every Swift target is compiled alike: Swift 6 mode, explicit existentials, imports that do not leak.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// C libraries: a module map and a shim each, in `Modules/`.
let systemLibraries: [Target] = [
    .systemLibrary(
        name: "CMnl",
        path: "Modules/CMnl",
        pkgConfig: "libmnl",
        providers: [.apt(["libmnl-dev"])]
    ),
    .systemLibrary(
        name: "CNetlinkRoute",
        path: "Modules/CNetlinkRoute",
        pkgConfig: "libnl-route-3.0",
        providers: [.apt(["libnl-3-dev", "libnl-route-3-dev"])]
    ),
    .systemLibrary(
        name: "CNftables",
        path: "Modules/CNftables",
        pkgConfig: "libnftables",
        providers: [.apt(["libnftables-dev"])]
    ),
    .systemLibrary(
        name: "CJansson",
        path: "Modules/CJansson",
        pkgConfig: "jansson",
        providers: [.apt(["libjansson-dev"])]
    ),
    .systemLibrary(
        name: "CYAML",
        path: "Modules/CYAML",
        pkgConfig: "yaml-0.1",
        providers: [.apt(["libyaml-dev"])]
    ),
]

/// What runs: see `docs/architecture.md` for what each target is for and which way imports go.
let sources: [Target] = [
    .target(name: "CLinux"),
    .target(name: "LinuxSystem", dependencies: ["CLinux"], swiftSettings: settings),
    .target(name: "Netlink", dependencies: ["LinuxSystem", "CMnl"], swiftSettings: settings),
    .target(
        name: "RouteNetlink",
        dependencies: ["Netlink", "NetworkModel", "LinuxSystem", "CNetlinkRoute", "CMnl"],
        swiftSettings: settings
    ),
    .target(
        name: "Firewall",
        dependencies: ["Netlink", "NetworkModel", "LinuxSystem", "CNftables", "CJansson", "CMnl"],
        swiftSettings: settings
    ),
    .target(name: "NetworkModel", swiftSettings: settings),
    .target(name: "ClusterModel", dependencies: ["NetworkModel"], swiftSettings: settings),
    .target(
        name: "Document",
        dependencies: ["ClusterModel", "NetworkModel", "CYAML"],
        swiftSettings: settings
    ),
    .target(name: "Compiler", dependencies: ["ClusterModel", "NetworkModel"], swiftSettings: settings),
    .target(name: "Planner", dependencies: ["NetworkModel"], swiftSettings: settings),
    .target(
        name: "Reconciler",
        dependencies: ["Planner", "RouteNetlink", "Firewall", "Netlink", "LinuxSystem", "NetworkModel"],
        swiftSettings: settings
    ),
    .target(
        name: "Lab",
        dependencies: [
            "ClusterModel", "Compiler", "Document", "LinuxSystem", "NetworkModel", "Planner", "Reconciler",
        ],
        swiftSettings: settings
    ),
    .target(
        name: "Commands",
        dependencies: [
            "Lab", "Document", "ClusterModel", "Compiler", "Reconciler", "Planner", "NetworkModel",
            "LinuxSystem",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ],
        swiftSettings: settings
    ),
    .executableTarget(name: "weft", dependencies: ["Commands"], swiftSettings: settings),
]

let tests: [Target] = [
    .target(
        name: "NetworkTesting",
        dependencies: ["LinuxSystem", "Planner", "NetworkModel"],
        path: "Sources/NetworkTesting",
        swiftSettings: settings
    ),
    .executableTarget(
        name: "weft-census",
        dependencies: ["Reconciler", "LinuxSystem", "NetworkModel", "NetworkTesting"],
        path: "Tests/Support/weft-census",
        swiftSettings: settings
    ),
    .testTarget(
        name: "LinuxSystemTests",
        dependencies: ["LinuxSystem", "NetworkTesting", "weft-census"],
        swiftSettings: settings
    ),
    .testTarget(
        name: "NetworkModelTests",
        dependencies: ["NetworkModel", "NetworkTesting"],
        swiftSettings: settings
    ),
    .testTarget(
        name: "ClusterModelTests",
        dependencies: ["ClusterModel", "NetworkModel", "NetworkTesting"],
        swiftSettings: settings
    ),
    .testTarget(
        name: "DocumentTests",
        dependencies: ["Document", "ClusterModel", "NetworkModel", "NetworkTesting"],
        exclude: ["Bad", "Clusters", "Good", "Pins", "validate-schema.py"],
        swiftSettings: settings
    ),
    .testTarget(
        name: "CompilerTests",
        dependencies: ["Compiler", "ClusterModel", "Document", "NetworkModel", "NetworkTesting"],
        exclude: ["Golden"],
        swiftSettings: settings
    ),
    .testTarget(
        name: "PlannerTests",
        dependencies: ["Planner", "NetworkModel", "Document", "NetworkTesting"],
        exclude: ["Golden"],
        swiftSettings: settings
    ),
    .testTarget(
        name: "NetlinkTests",
        dependencies: ["Netlink", "LinuxSystem", "CMnl", "NetworkTesting"],
        swiftSettings: settings
    ),
    .testTarget(
        name: "RouteNetlinkTests",
        dependencies: ["RouteNetlink", "Netlink", "LinuxSystem", "NetworkModel", "NetworkTesting"],
        swiftSettings: settings
    ),
    .testTarget(
        name: "FirewallTests",
        dependencies: ["Firewall", "Netlink", "LinuxSystem", "NetworkModel", "NetworkTesting"],
        swiftSettings: settings
    ),
    .executableTarget(
        name: "weft-faults",
        dependencies: ["Reconciler", "NetworkModel", "NetworkTesting"],
        path: "Tests/Support/weft-faults",
        swiftSettings: settings
    ),
    .executableTarget(
        name: "weft-growth",
        dependencies: ["Planner", "NetworkModel"],
        path: "benchmarks/growth",
        swiftSettings: settings
    ),
    .testTarget(
        name: "ReconcilerTests",
        dependencies: [
            "weft-faults", "weft-census", "Reconciler", "Planner", "Document", "NetworkModel", "LinuxSystem",
            "NetworkTesting",
        ],
        swiftSettings: settings
    ),
    .testTarget(
        name: "LabTests",
        dependencies: ["Lab", "ClusterModel", "Document", "NetworkModel"],
        exclude: ["Golden"],
        swiftSettings: settings
    ),
    .testTarget(
        name: "ClusterKernelTests",
        dependencies: [
            "Reconciler", "Planner", "Compiler", "Document", "NetworkModel", "LinuxSystem", "NetworkTesting",
        ],
        swiftSettings: settings
    ),
    .testTarget(
        name: "CommandsTests",
        dependencies: [
            "Commands", "ClusterModel", "Document", "LinuxSystem", "NetworkModel", "NetworkTesting", "weft",
        ],
        swiftSettings: settings
    ),
]

/// What feeds the readers whatever bytes come.
///
/// It links with libFuzzer, so only `make fuzz` builds it.
let fuzzing: [Target] =
    Context.environment["WEFT_FUZZ"] == nil
    ? []
    : [
        .systemLibrary(name: "CFuzzer", path: "Tests/Fuzz/CFuzzer"),
        .executableTarget(
            name: "weft-fuzz",
            dependencies: [
                "CFuzzer", "Document", "ClusterModel", "Firewall", "RouteNetlink", "Netlink", "NetworkModel",
                "NetworkTesting",
            ],
            path: "Tests/Fuzz/weft-fuzz",
            swiftSettings: settings
        ),
    ]

let package = Package(
    name: "weft",
    products: [
        .executable(name: "weft", targets: ["weft"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: systemLibraries + sources + tests + fuzzing
)
