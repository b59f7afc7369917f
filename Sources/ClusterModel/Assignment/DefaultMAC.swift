package import NetworkModel

/// The MACs of links for which a document names none.
package enum DefaultMAC {
    /// The MAC of a link: a pure function of names, so that it is the same at every run.
    ///
    /// It is `02:` and 40 bits of a hash over the node's name, the namespace's name (empty for the node's own) and
    /// the link's name.
    package static func mac(of link: LinkID, onNode node: String) -> MACAddress {
        mac(hash: StableHash.of(node, link.place.name?.text ?? "", link.name.text))
    }

    /// The MAC of whoever has an address on a network: so a neighbour entry never goes stale when a sandbox moves.
    package static func mac(of address: IPAddress, on network: NetworkName) -> MACAddress {
        var hash = StableHash()
        hash.combine(network.text)
        hash.combine(number: address.high)
        hash.combine(number: address.low)
        return mac(hash: hash.value)
    }

    /// The MAC of the bridge of a network that has no address.
    static func mac(ofBridgeOf network: NetworkName) -> MACAddress {
        mac(hash: StableHash.of(network.text))
    }

    /// A MAC that no vendor gives, of the low 40 bits.
    private static func mac(hash: UInt64) -> MACAddress {
        MACAddress(bits: 0x02 << 40 | hash & 0xff_ffff_ffff)
    }
}
