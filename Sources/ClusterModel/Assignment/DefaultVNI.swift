package import NetworkModel

extension Network {
    /// The network identifier of an overlay: what is stated, else from the name; `nil` for other drivers.
    ///
    /// From the name alone, so that no other network can change it: two that get the same are an error.
    package var vni: VNI? {
        switch driver {
        case .bridge, .routed, .macvlan: return nil
        case .overlay(let overlay):
            if let stated = overlay.statedVNI { return stated }
            let count = UInt64(VNI.range.upperBound)
            return VNI(number: 1 + UInt32(truncatingIfNeeded: StableHash.of(name.text) % count))
        }
    }
}
