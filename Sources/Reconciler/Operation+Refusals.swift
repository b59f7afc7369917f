internal import LinuxSystem
internal import NetworkModel
internal import Planner

extension Operation {
    /// True if a refusal says that what is to be deleted is gone already: with something that it stood on, or
    /// by another hand.
    ///
    /// That is what was wanted; and the node is read once more in the end.
    func isDone(despite errno: Errno) -> Bool {
        switch self {
        case .deleteLink: errno == .noSuchDevice
        case .deleteAddress: errno == .addressNotAvailable
        case .deleteRoute: errno == .noSuchProcess
        case .deleteNeighbour, .deleteForwarding: errno == .noSuchFileOrDirectory
        case .createNamespace, .markNamespace, .deleteNamespace, .createLink, .changeLink, .addAddress,
            .replaceAddress, .addPrefixRoute, .addRoute, .replaceRoute, .replaceNeighbour, .addForwarding,
            .replaceForwarding, .writeSysctl, .restoreSysctl, .writeFile, .deleteFile:
            false
        }
    }

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
            .deleteAddress, .addPrefixRoute, .addRoute, .replaceRoute, .deleteRoute, .replaceNeighbour,
            .deleteNeighbour, .addForwarding, .replaceForwarding, .deleteForwarding, .writeSysctl,
            .restoreSysctl, .writeFile, .deleteFile:
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
