internal import CMnl
internal import Glibc
package import Netlink
package import NetworkModel

/// Reads the payload of an `RTM_NEWNEIGH` message about a neighbour.
///
/// Hot: no memory is allocated.
///
/// Kernel: `net/core/neighbour.c`, `neigh_fill_info()`.
///
/// - Parameters:
///   - payload: What follows the `nlmsghdr`.
///   - place: Where the neighbour is.
///   - names: The names of the links there.
///   - mark: By which Weft's own are told.
/// - Returns: `nil` for all but permanent neighbours with a 48-bit address.
/// - Throws: ``NetlinkTransportError/malformed``.
package func decodeNeighbour(
    _ payload: UnsafeRawBufferPointer,
    in place: Place,
    names: inout LinkNames,
    mark: Mark
) throws(NetlinkTransportError) -> ObservedNeighbour? {
    guard payload.count >= MemoryLayout<ndmsg>.size else { throw .malformed }
    let header = payload.loadUnaligned(as: ndmsg.self)
    guard let family = AddressFamily(number: header.ndm_family),
        header.ndm_state & UInt16(NUD_PERMANENT) != 0,
        let name = names.name(of: header.ndm_ifindex)
    else { return nil }
    var address: IPAddress?
    var mac: MACAddress?
    var protocolNumber: UInt8 = 0
    var attributes = NetlinkAttributes(payload, after: MemoryLayout<ndmsg>.size)
    while let attribute = attributes.next() {
        switch Int(attribute.type) {
        case Int(NDA_DST): address = IPAddress(networkBytes: attribute.payload)
        case Int(NDA_LLADDR): mac = MACAddress(networkBytes: attribute.payload)
        case Int(NDA_PROTOCOL): protocolNumber = attribute.uint8 ?? 0
        default: break
        }
    }
    guard !attributes.isMalformed, let address, address.family == family else { throw .malformed }
    guard let mac else { return nil }
    let neighbour = Neighbour(address, mac: mac, on: LinkID(name, in: place))
    return ObservedNeighbour(neighbour, protocolNumber: protocolNumber, mark: mark)
}
