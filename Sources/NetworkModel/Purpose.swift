/// What a link of a network is for, as its alias says it: so that the kernel alone tells which sandbox is on which network.
package enum Purpose: Hashable, Sendable {
    /// The bridge of a network: `network back`, `network pods by routed`.
    case network(String, driver: String = Self.usualDriver)
    /// The tunnel's end of an overlay: `tunnel of back`.
    case tunnel(network: String)
    /// The node's end of an endpoint's pair: `port of wordpress on back`.
    case port(sandbox: String, network: String)
    /// The link inside a sandbox: `endpoint on back`.
    case endpoint(network: String)

    /// The driver that goes without saying.
    package static let usualDriver = "bridge"

    /// What stands in the alias, behind the mark.
    package var text: String {
        switch self {
        case .network(let name, let driver):
            driver == Self.usualDriver ? "network \(name)" : "network \(name) by \(driver)"
        case .tunnel(let network): "tunnel of \(network)"
        case .port(let sandbox, let network): "port of \(sandbox) on \(network)"
        case .endpoint(let network): "endpoint on \(network)"
        }
    }

    /// Reads what stands in an alias; `nil` for anything else, as raw objects may have.
    package init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        switch words.count {
        case 2 where words[0] == "network": self = .network(words[1])
        case 4 where words[0] == "network" && words[2] == "by":
            self = .network(words[1], driver: words[3])
        case 3 where words[0] == "tunnel" && words[1] == "of": self = .tunnel(network: words[2])
        case 3 where words[0] == "endpoint" && words[1] == "on": self = .endpoint(network: words[2])
        case 5 where words[0] == "port" && words[1] == "of" && words[3] == "on":
            self = .port(sandbox: words[2], network: words[4])
        default: return nil
        }
    }
}

extension ObservedLink {
    /// What it is for, if it is Weft's and of a network.
    package var purpose: Purpose? {
        isManaged ? mark.purpose(fromAlias: alias).flatMap(Purpose.init) : nil
    }
}
