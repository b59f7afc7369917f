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
            .replaceAddress, .addPrefixRoute, .announce, .addRoute, .replaceRoute, .replaceNeighbour,
            .addForwarding,
            .replaceForwarding, .writeSysctl, .restoreSysctl, .writeFile, .deleteFile, .firewall:
            false
        }
    }
}
