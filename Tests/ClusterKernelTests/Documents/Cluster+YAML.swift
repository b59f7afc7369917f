import NetworkModel

extension Cluster {
    /// The document's text.
    var yaml: String {
        var lines = ["weft: 1"]
        if !nodes.isEmpty { lines += ["nodes:"] + nodes.map { "  \($0.name): \($0.yaml)" } }
        var networks = networks.map { "  \($0.name): \($0.yaml)" }
        if !bridgeSubnets.isEmpty { networks.append("  bridge: { subnets: \(yamlList(bridgeSubnets)) }") }
        if !networks.isEmpty { lines += ["networks:"] + networks }
        if !sandboxes.isEmpty { lines += ["sandboxes:"] + sandboxes.map { "  \($0.name): \($0.yaml)" } }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// `[a, "b:c"]`: what has a colon must be quoted.
private func yamlList(_ values: [some CustomStringConvertible]) -> String {
    "[" + values.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
}

/// `{ a: 1, b: 2 }`.
private func yamlMapping(_ pairs: [(String, String?)]) -> String {
    let texts = pairs.compactMap { key, value in value.map { "\(key): \($0)" } }
    return texts.isEmpty ? "{}" : "{ \(texts.joined(separator: ", ")) }"
}

extension Cluster.Node {
    fileprivate var yaml: String {
        yamlMapping([("address", yamlList(addresses)), ("role", isRouter ? "router" : nil)])
    }
}

extension Cluster.Network {
    fileprivate var yaml: String {
        var pairs = yamlOfDriver
        pairs.append(("subnets", yamlList(subnets)))
        switch gateway {
        case .unstated: break
        case .none: pairs.append(("gateway", "none"))
        case .stated(let addresses): pairs.append(("gateway", yamlList(addresses)))
        }
        pairs += [
            ("range", ranges.isEmpty ? nil : yamlList(ranges)), ("internal", isInternal ? "true" : nil),
            ("isolated", isIsolated ? "true" : nil), ("masquerade", masquerade.map { "\($0)" }),
            ("mtu", mtu.map { "\($0)" }), ("interface", interface),
            ("nodes", nodes.isEmpty ? nil : yamlList(nodes)),
        ]
        return yamlMapping(pairs)
    }

    /// The driver with the keys of its own.
    private var yamlOfDriver: [(String, String?)] {
        switch driver {
        case .bridge: return [("driver", "bridge")]
        case .routed(let routed):
            let parts = routed.parts.sorted { $0.key < $1.key }.map {
                ($0.key, String?.some(yamlList($0.value)))
            }
            return [
                ("driver", "routed"), ("via", routed.isByRouter ? "router" : nil),
                ("nodeSubnets", parts.isEmpty ? nil : yamlMapping(parts)),
            ]
        case .overlay(let overlay):
            let options: [(String, String?)] = [
                ("port", overlay.port.map { "\($0)" }), ("flood", overlay.floods ? "true" : nil),
                ("learning", overlay.learns ? "true" : nil),
            ]
            return [
                ("driver", "overlay"), ("vni", overlay.vni.map { "\($0)" }),
                ("options", options.allSatisfy { $0.1 == nil } ? nil : yamlMapping(options)),
            ]
        case .macvlan(let parent, let mode):
            return [("driver", "macvlan"), ("parent", parent), ("options", "{ mode: \(mode) }")]
        }
    }
}

extension Cluster.Sandbox {
    fileprivate var yaml: String {
        let dns: [(String, String?)] = [
            ("servers", servers.isEmpty ? nil : yamlList(servers)),
            ("search", search.isEmpty ? nil : yamlList(search)),
            ("options", options.isEmpty ? nil : yamlList(options)),
        ]
        return yamlMapping([
            ("node", node),
            ("host", stack == .host ? "true" : nil),
            ("endpoints", yamlEndpoints),
            ("defaultRoute", defaultRoute),
            (
                "routes",
                yamlItems(routes.map { [("to", "\"\($0.destination)\""), ("via", "\"\($0.gateway)\"")] })
            ),
            (
                "sysctls",
                settings.isEmpty ? nil : yamlMapping(settings.sorted { $0.key < $1.key }.map { ($0, $1) })
            ),
            ("links", yamlItems(links.map { [("sandbox", $0.target), ("alias", $0.alias)] })),
            ("expose", exposed.isEmpty ? nil : yamlList(exposed.map { "\($0.number)/\($0.transport)" })),
            ("dns", dns.allSatisfy { $0.1 == nil } ? nil : yamlMapping(dns)),
        ])
    }

    private var yamlEndpoints: String? {
        switch stack {
        case .networkNone: "[{ network: none }]"
        case .networkHost: "[{ network: host }]"
        case .host: nil
        case .own:
            yamlItems(
                endpoints.map { endpoint in
                    [
                        ("network", endpoint.network),
                        ("address", endpoint.addresses.isEmpty ? nil : yamlList(endpoint.addresses)),
                        ("mac", endpoint.mac.map { "\"\($0)\"" }), ("interface", endpoint.interface),
                        ("aliases", endpoint.aliases.isEmpty ? nil : yamlList(endpoint.aliases)),
                    ]
                }
            )
        }
    }

    private func yamlItems(_ items: [[(String, String?)]]) -> String? {
        items.isEmpty ? nil : "[" + items.map(yamlMapping).joined(separator: ", ") + "]"
    }
}
