internal import NetworkModel

/// The MACs of links for which a document names none.
enum DefaultMAC {
    /// The MAC of a link: a pure function of names, so that it is the same at every run.
    ///
    /// It is `02:` and 40 bits of a hash over the node's name, the namespace's name (empty for the node's own) and
    /// the link's name, each followed by a zero byte. The hash is FNV-1a of 64 bits, whose bits are then mixed by
    /// the last step of MurmurHash3, for FNV leaves those of short texts alike; of the result the low 40 count.
    static func mac(of link: LinkID, onNode node: String) -> MACAddress {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in [node, link.place.name?.text ?? "", link.name.text] {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = hash &* 0x100_0000_01b3
        }
        hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
        hash ^= hash >> 33
        return MACAddress(bits: 0x02 << 40 | hash & 0xff_ffff_ffff)
    }
}
