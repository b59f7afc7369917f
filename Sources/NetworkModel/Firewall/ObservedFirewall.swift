/// What the kernel holds of Weft's firewall.
package struct ObservedFirewall: Hashable, Sendable {
    /// Whether the rules are all there, as Weft writes them, and nothing besides.
    package var isIntact: Bool
    /// What the rules look up.
    package var elements: Set<FirewallElement>

    package init(isIntact: Bool, elements: Set<FirewallElement>) {
        self.isIntact = isIntact
        self.elements = elements
    }

    /// The elements by what they are about.
    package var entries: [FirewallEntry: Set<FirewallElement>] {
        elements.reduce(into: [:]) { $0[$1.entry, default: []].insert($1) }
    }
}
