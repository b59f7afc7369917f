internal import LinuxSystem
internal import NetworkModel
internal import Planner

extension Operation {
    /// True if a refusal may be for a link that nobody sees any more.
    ///
    /// A namespace dies some time after the last name, process and descriptor that held it. Until then a VXLAN link in
    /// it, made in the node, keeps its VNI and port there, and a macvlan link its MAC and its parent.
    func mayPass(refusedWith errno: Errno?, kernel sentence: String?) -> Bool {
        let kind: LinkKind
        switch self {
        case .createLink(let creation): kind = creation.link.kind
        case .changeLink(_, let link): kind = link.kind
        case .createNamespace, .markNamespace, .deleteNamespace, .deleteLink, .addAddress, .replaceAddress,
            .deleteAddress, .addPrefixRoute, .announce, .addRoute, .replaceRoute, .deleteRoute,
            .replaceNeighbour,
            .deleteNeighbour, .addForwarding, .replaceForwarding, .deleteForwarding, .writeSysctl,
            .restoreSysctl, .writeFile, .deleteFile, .firewall:
            return false
        }
        switch kind {
        case .vxlan:
            return errno == .addressInUse || (errno == .fileExists && sentence?.contains("VNI") == true)
        case .macvlan: return errno == .addressInUse || errno == .invalidArgument
        case .bridge, .veth: return false
        }
    }
}
