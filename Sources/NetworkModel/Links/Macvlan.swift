/// The options of a macvlan link: an address of its own on a parent's wire.
///
/// Equivalent to `ip link add link PARENT name NAME type macvlan mode MODE`.
///
/// Kernel: `drivers/net/macvlan.c`, `include/uapi/linux/if_link.h` (`IFLA_MACVLAN_*`).
package struct Macvlan: Hashable, Sendable {
    /// The link of the node whose wire it shares.
    ///
    /// The kernel fixes it at creation. `IFLA_LINK`.
    package var parent: InterfaceName
    /// Whom it reaches on that wire.
    ///
    /// `IFLA_MACVLAN_MODE`.
    package var mode: Mode

    package init(parent: InterfaceName, mode: Mode = .bridge) {
        self.parent = parent
        self.mode = mode
    }

    /// Whom a macvlan link reaches among its siblings.
    package enum Mode: String, Hashable, Sendable, CaseIterable {
        /// None of its siblings. `MACVLAN_MODE_PRIVATE`.
        case `private`
        /// Its siblings by way of an outside switch that reflects frames. `MACVLAN_MODE_VEPA`.
        case vepa
        /// Its siblings directly. `MACVLAN_MODE_BRIDGE`.
        case bridge
        /// It has the parent for itself; can't be left or entered in place. `MACVLAN_MODE_PASSTHRU`.
        case passthru

        /// The kernel's number: a bit.
        package var number: UInt32 {
            switch self {
            case .private: 1
            case .vepa: 2
            case .bridge: 4
            case .passthru: 8
            }
        }
    }
}
