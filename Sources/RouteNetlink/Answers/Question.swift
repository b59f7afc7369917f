internal import CMnl
internal import Glibc
internal import Netlink
internal import NetworkModel

/// The questions that are asked of the kernel, each as narrow as it takes them.
enum Question {
    /// All links, without their counters.
    static var links: NetlinkRequest {
        let message = RequestMessage(type: Int(RTM_GETLINK))
        message.append(header: ifinfomsg())
        message.put(Int(IFLA_EXT_MASK), UInt32(RTEXT_FILTER_SKIP_STATS))
        return message.asQuestion()
    }

    /// One link, without its counters.
    static func link(index: Int32) -> NetlinkRequest {
        let message = RequestMessage(type: Int(RTM_GETLINK))
        message.append(header: ifinfomsg(index: index))
        message.put(Int(IFLA_EXT_MASK), UInt32(RTEXT_FILTER_SKIP_STATS))
        return message.asQuestion()
    }

    /// The number of an open namespace.
    static func number(ofNamespace descriptor: CInt) -> NetlinkRequest {
        let message = RequestMessage(type: Int(RTM_GETNSID))
        message.append(header: rtgenmsg())
        message.put(Int(NETNSA_FD), UInt32(bitPattern: descriptor))
        return message.asQuestion()
    }

    /// All addresses of both families.
    static var addresses: NetlinkRequest {
        let message = RequestMessage(type: Int(RTM_GETADDR))
        message.append(header: ifaddrmsg())
        return message.asQuestion()
    }

    /// All routes of a family, in every table; no cached ones.
    static func routes(_ family: AddressFamily) -> NetlinkRequest {
        let message = RequestMessage(type: Int(RTM_GETROUTE))
        var header = rtmsg()
        header.rtm_family = UInt8(family.number)
        message.append(header: header)
        return message.asQuestion()
    }

    /// All neighbours of both families.
    static var neighbours: NetlinkRequest {
        let message = RequestMessage(type: Int(RTM_GETNEIGH))
        message.append(header: ndmsg())
        return message.asQuestion()
    }

    /// The FDB entries of a bridge and of its ports.
    static func forwarding(ofBridge index: Int32) -> NetlinkRequest {
        let message = RequestMessage(type: Int(RTM_GETNEIGH))
        var header = ndmsg()
        header.ndm_family = UInt8(AF_BRIDGE)
        message.append(header: header)
        message.put(Int(NDA_MASTER), index)
        return message.asQuestion()
    }

    /// The FDB entries of a link, its own and its bridge's.
    static func forwarding(ofLink index: Int32) -> NetlinkRequest {
        let message = RequestMessage(type: Int(RTM_GETNEIGH))
        var header = ndmsg()
        header.ndm_family = UInt8(AF_BRIDGE)
        header.ndm_ifindex = index
        message.append(header: header)
        return message.asQuestion()
    }
}
