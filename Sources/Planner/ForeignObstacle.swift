import NetworkModel

/// A chain of somebody else's that drops what networks forward, and how to have it let through.
struct ForeignObstacle {
    /// Who keeps a chain, and so by what command it is changed.
    enum Manager: Hashable {
        case docker
        case ufw
        case firewalld
        /// iptables, written to by whoever.
        case iptables
        case nftables
    }

    /// A way that packets of a network go.
    enum Way: CaseIterable {
        case leaving
        case entering
        /// From one endpoint to another, where bridged packets are filtered.
        case within
    }

    let manager: Manager
    private let table: ForeignTable
    private let chain: String
    private var tables: [String]
    /// What has to be let through for each bridge.
    private var needs: [InterfaceName: Need] = [:]
    /// By which settings packets within a bridge are seen here.
    private var causes: Set<String> = []

    /// What of a bridge's packets is dropped.
    private struct Need: Hashable {
        var ways: Set<Way> = []
        /// Others may begin connections to its endpoints.
        var isReachable = false

        /// What comes from the bridge is to be let through.
        var needsSource: Bool { ways.contains(.leaving) || ways.contains(.within) }
        var needsAnswers: Bool { ways.contains(.entering) && !isReachable }
        var needsDestination: Bool { ways.contains(.entering) && isReachable }
    }

    init(_ chain: String, of table: ForeignTable) {
        self.table = table
        self.chain = chain
        tables = ["'\(table.family.rawValue) \(table.name)'"]
        manager = Manager(of: chain, table)
    }

    var isEmpty: Bool { needs.isEmpty }

    /// Notes that what goes one way of a bridge is dropped.
    mutating func note(
        _ way: Way,
        _ name: InterfaceName,
        isReachable: Bool,
        because cause: String?
    ) {
        needs[name, default: Need()].ways.insert(way)
        needs[name]?.isReachable = isReachable
        if let cause { causes.insert(cause) }
    }

    /// Takes in what another chain drops that the same commands help against.
    mutating func merge(_ other: ForeignObstacle) {
        tables += other.tables
        causes.formUnion(other.causes)
        for (name, need) in other.needs {
            needs[name, default: Need()].ways.formUnion(need.ways)
            needs[name]?.isReachable = need.isReachable
        }
    }

    /// What is dropped by whom, and the command that would let it through.
    var warning: Warning { Warning(message, hint: commands) }

    // MARK: What is dropped

    private var message: String {
        let names = needs.keys.sorted().map { "'\($0)'" }
        let bridges = "\(names.count == 1 ? "bridge" : "bridges") \(NodePlanner.listing(names))"
        let place = tables.count == 1 ? "table \(tables[0])" : "tables \(tables.joined(separator: " and "))"
        return "\(manager.possessive)chain '\(chain)' of \(place) drops packets of \(bridges): \(ways)"
    }

    private var ways: String {
        let all = needs.values.reduce(into: Set<Way>()) { $0.formUnion($1.ways) }
        return Way.allCases.filter(all.contains).map { way in
            switch way {
            case .leaving: "to the outside"
            case .entering: "from the outside"
            case .within: "within the network (\(NodePlanner.listing(causes.sorted())))"
            }
        }.joined(separator: ", ")
    }

    // MARK: What lets it through

    private func bridges(_ isMeant: (Need) -> Bool) -> [InterfaceName] {
        needs.filter { isMeant($0.value) }.keys.sorted()
    }

    private var commands: String {
        let sources = bridges(\.needsSource)
        let answers = bridges(\.needsAnswers)
        let destinations = bridges(\.needsDestination)
        switch manager {
        case .docker: return iptables("DOCKER-USER", sources, answers, destinations)
        case .iptables: return iptables(chain, sources, answers, destinations)
        case .ufw:
            return Shell.sequence([
                Shell.each(sources) { "ufw route allow in on \($0)" },
                Shell.each((answers + destinations).sorted()) { "ufw route allow out on \($0)" },
            ])
        case .firewalld: return firewalld
        case .nftables: return nft(sources, answers, destinations)
        }
    }

    private func iptables(
        _ chain: String,
        _ sources: [InterfaceName],
        _ answers: [InterfaceName],
        _ destinations: [InterfaceName]
    ) -> String {
        let program = table.family == .ip6 ? "ip6tables" : "iptables"
        let command = "\(program) -I \(Shell.word(chain))"
        return Shell.sequence([
            Shell.each(sources) { "\(command) -i \($0) -j ACCEPT" },
            Shell.each(answers) {
                "\(command) -o \($0) -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
            },
            Shell.each(destinations) { "\(command) -o \($0) -j ACCEPT" },
        ])
    }

    /// Zones are of what comes in; what is to be begun from outside needs a policy, which can't be made but for good.
    private var firewalld: String {
        let bridges = needs.keys.sorted().map { "--add-interface=\(Shell.word($0.text))" }
        let zone = "--zone=trusted \(bridges.joined(separator: " "))"
        var commands = ["firewall-cmd \(zone)", "firewall-cmd --permanent \(zone)"]
        if needs.values.contains(where: \.needsDestination) {
            let policy = "firewall-cmd --permanent --policy=weft"
            commands += [
                "firewall-cmd --permanent --new-policy=weft", "\(policy) --add-ingress-zone=ANY",
                "\(policy) --add-egress-zone=trusted", "\(policy) --set-target=ACCEPT",
                "firewall-cmd --reload",
            ]
        }
        return Shell.sequence(commands)
    }

    private func nft(
        _ sources: [InterfaceName],
        _ answers: [InterfaceName],
        _ destinations: [InterfaceName]
    ) -> String {
        let rules: [(key: String, bridges: [InterfaceName], state: String)] = [
            ("iifname", sources, ""), ("oifname", answers, "ct state established,related "),
            ("oifname", destinations, ""),
        ]
        let place = "\(table.family.rawValue) \(table.name) \(chain)"
        let commands = rules.filter { !$0.bridges.isEmpty }.map { key, bridges, state in
            let names = bridges.map { "\"\($0)\"" }
            let value = names.count == 1 ? names[0] : "{ \(names.joined(separator: ", ")) }"
            return "insert rule \(place) \(key) \(value) \(state)accept"
        }
        return "nft \(Shell.word(commands.joined(separator: "; ")))"
    }
}

extension ForeignObstacle.Manager {
    /// Tells who keeps a base chain, by the names that its keeper gives.
    fileprivate init(of chain: String, _ table: ForeignTable) {
        if table.name == "firewalld" {
            self = .firewalld
            return
        }
        guard table.name == "filter", chain == "FORWARD", table.family != .inet else {
            self = .nftables
            return
        }
        let targets = (table.chains[chain]?.rules ?? []).compactMap { rule -> String? in
            switch rule.verdict {
            case .jump(let target), .goto(let target): target
            case .accept, .drop, .return: nil
            }
        }
        if targets.contains(where: { $0.hasPrefix("ufw-") || $0.hasPrefix("ufw6-") }) {
            // Its rules stay over a restart, and hold beside Docker's.
            self = .ufw
        } else {
            self = targets.contains("DOCKER-USER") ? .docker : .iptables
        }
    }

    /// Whose a chain is, before the chain: `Docker's `.
    fileprivate var possessive: String {
        switch self {
        case .docker: "Docker's "
        case .ufw: "ufw's "
        case .firewalld: "firewalld's "
        case .iptables, .nftables: ""
        }
    }
}

/// Commands as a shell reads them.
private enum Shell {
    /// A word, in quotes if it needs any.
    static func word(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return isPlain && !text.isEmpty ? text : "'\(text.replacing("'", with: "'\\''"))'"
    }

    /// A command for each bridge, in a loop if there are several; empty if there are none.
    static func each(_ bridges: [InterfaceName], _ command: (String) -> String) -> String {
        let words = bridges.map { word($0.text) }
        guard words.count > 1 else { return words.first.map(command) ?? "" }
        return "for bridge in \(words.joined(separator: " ")); do \(command("\"$bridge\"")); done"
    }

    /// Commands of which each follows on the success of the one before; without empty ones.
    static func sequence(_ commands: [String]) -> String {
        commands.filter { !$0.isEmpty }.joined(separator: " && ")
    }
}
