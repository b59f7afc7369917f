/// What others' firewalls make of the packets that a node forwards, as far as it is understood.
///
/// Nothing of Weft's own is decided by it; it is warned of what they would drop.
package struct ForeignForwarding: Hashable, Sendable {
    /// The tables that see forwarded packets.
    package var tables: [ForeignTable]
    /// The families of which packets between two ports of one bridge are seen by them too.
    ///
    /// `net.bridge.bridge-nf-call-iptables`, `net.bridge.bridge-nf-call-ip6tables`.
    package var bridgedFamilies: Set<AddressFamily>
    /// Why none of it is known; `nil` if it is.
    package var unreadable: String?

    package init(
        tables: [ForeignTable] = [],
        bridgedFamilies: Set<AddressFamily> = [],
        unreadable: String? = nil
    ) {
        self.tables = tables
        self.bridgedFamilies = bridgedFamilies
        self.unreadable = unreadable
    }
}

/// A table of somebody else's.
package struct ForeignTable: Hashable, Sendable {
    /// Its family in nftables' words: `ip`, `ip6`, `inet`.
    package var family: Family
    package var name: String
    package var chains: [String: Chain] = [:]

    package init(_ family: Family, _ name: String) {
        self.family = family
        self.name = name
    }

    /// The families of nftables whose chains see forwarded packets of IP.
    package enum Family: String, Hashable, Sendable, CaseIterable {
        case ip
        case ip6
        case inet

        /// True if its chains see packets of a family.
        package func sees(_ family: AddressFamily) -> Bool {
            switch self {
            case .ip: family == .ipv4
            case .ip6: family == .ipv6
            case .inet: true
            }
        }
    }

    /// Rules in their order.
    package struct Chain: Hashable, Sendable {
        /// What becomes of forwarded packets that no rule decides; `nil` if only other chains lead here.
        package var forwardPolicy: Policy?
        package var rules: [Rule] = []

        package init(forwardPolicy: Policy? = nil) {
            self.forwardPolicy = forwardPolicy
        }
    }

    /// What becomes of packets that no rule of a base chain decides.
    package enum Policy: String, Hashable, Sendable {
        case accept
        case drop
    }

    /// A verdict on the packets that meet all conditions.
    package struct Rule: Hashable, Sendable {
        package var conditions: [Condition]
        package var verdict: Verdict

        package init(_ conditions: [Condition], _ verdict: Verdict) {
            self.conditions = conditions
            self.verdict = verdict
        }
    }

    package enum Verdict: Hashable, Sendable {
        case accept
        /// Dropped, with or without an answer.
        case drop
        case jump(String)
        case goto(String)
        /// Back to the chain that led here.
        case `return`
    }

    /// Where a packet comes from, or where it goes to.
    package enum Side: Hashable, Sendable {
        case source
        case destination
    }

    /// What a rule asks of a packet.
    package enum Condition: Hashable, Sendable {
        /// The link of one side is among these.
        case link(Side, [LinkPattern])
        /// The address of one side is in one of these.
        case address(Side, [Prefix])
        /// The connection is in one of these states.
        case connection(ConnectionStates)
        case family(AddressFamily)
        indirect case not(Condition)
        /// Something that is not understood.
        case unknown
    }

    /// A link's name, or what many begin with: `br-*`.
    package struct LinkPattern: Hashable, Sendable {
        private let beginning: String
        private let isWhole: Bool

        package init(_ text: String) {
            isWhole = !text.hasSuffix("*")
            beginning = isWhole ? text : String(text.dropLast())
        }

        /// True for every link.
        package var matchesAll: Bool { !isWhole && beginning.isEmpty }

        package func matches(_ name: InterfaceName) -> Bool {
            isWhole ? name.text == beginning : name.text.hasPrefix(beginning)
        }
    }

    /// States of connections, by the kernel's bits.
    ///
    /// Kernel: `include/uapi/linux/netfilter/nf_conntrack_common.h`, `NF_CT_STATE_BIT`.
    package struct ConnectionStates: OptionSet, Hashable, Sendable {
        package let rawValue: Int64

        package init(rawValue: Int64) {
            self.rawValue = rawValue
        }

        package static let invalid = ConnectionStates(rawValue: 1)
        package static let established = ConnectionStates(rawValue: 2)
        package static let related = ConnectionStates(rawValue: 4)
        package static let new = ConnectionStates(rawValue: 8)
        package static let untracked = ConnectionStates(rawValue: 64)

        /// Reads one state by the name that nftables and iptables have for it, in whatever case.
        package init?(named name: some StringProtocol) {
            switch name.lowercased() {
            case "invalid": self = .invalid
            case "established": self = .established
            case "related": self = .related
            case "new": self = .new
            case "untracked": self = .untracked
            default: return nil
            }
        }
    }
}
