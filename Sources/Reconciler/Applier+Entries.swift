internal import LinuxSystem
internal import Netlink
internal import NetworkModel
internal import Planner
internal import RouteNetlink

extension Applier {
    mutating func appendEntry(_ operation: Operation, tag: Int) throws {
        let place = operation.place
        switch operation {
        case .addRoute(let route), .replaceRoute(_, let route), .deleteRoute(let route):
            let device = index(of: route.device, in: place)
            if route.device != nil, device == nil { return try failForLink(tag) }
            try append(at: place, tag: tag) { [mark = node.mark] batch, tag in
                batch.append(operation, index: device, mark: mark, tag: tag)
            }
        case .addAddress(_, let link), .replaceAddress(_, let link), .deleteAddress(_, let link, _),
            .addPrefixRoute(_, let link), .announce(let link, _):
            try appendEntry(operation, on: link, tag: tag)
        case .replaceNeighbour(let neighbour), .deleteNeighbour(let neighbour):
            try appendEntry(operation, on: neighbour.link, tag: tag)
        case .addForwarding(let entry), .replaceForwarding(let entry), .deleteForwarding(let entry):
            try appendEntry(operation, on: entry.link, tag: tag)
        case .createNamespace, .markNamespace, .deleteNamespace, .createLink, .changeLink, .deleteLink,
            .writeSysctl, .restoreSysctl, .writeFile, .deleteFile, .firewall:
            preconditionFailure("not a thing on a link")
        }
    }

    private mutating func appendEntry(_ operation: Operation, on link: LinkID, tag: Int) throws {
        guard let index = indexes[link] else { return try failForLink(tag) }
        if case .addAddress = operation, link.place == .node, !placeBatch.isEmpty {
            // It may have been on a link there: that batch, with the deletion, would go behind the node's.
            try flush()
        }
        try append(at: link.place, tag: tag) { [mark = node.mark] batch, tag in
            batch.append(operation, index: index, mark: mark, tag: tag)
        }
    }

    /// True if the change behind `position` adds or replaces the bridge's entry to that of one of its ports.
    ///
    /// Not where each failure is one's own and the rest goes on: one message has one answer.
    func isBridgeEntryNext(to entry: ForwardingEntry, at position: Int) -> Bool {
        guard !keepsGoing, position + 1 < changes.count,
            case .replaceForwarding(let next) = changes[position + 1].operation
        else { return false }
        return entry.isReplacedWith(next)
    }

    /// Adds or replaces the entries of this change and the next one by one message, as an overlay of many endpoints has two of each.
    mutating func appendForwardingInBoth(_ entry: ForwardingEntry, tag: Int) throws {
        guard let index = indexes[entry.link] else { return try failForLink(tag) }
        try append(at: entry.link.place, tag: tag) { batch, tag in
            batch.appendReplaceForwardingInBoth(entry, linkIndex: index, tag: tag)
        }
    }

    mutating func failForLink(_ tag: Int) throws {
        try fail(tag, .noSuchDevice, "the link is gone")
    }
}

extension MessageBatch {
    /// Adds the message for a thing on a link of an interface index.
    fileprivate mutating func append(_ operation: Operation, index: Int32?, mark: Mark, tag: Int) {
        let link = index ?? 0
        switch operation {
        case .addAddress(let address, _): appendAddAddress(address, linkIndex: link, mark: mark, tag: tag)
        case .replaceAddress(let address, _):
            appendReplaceAddress(address, linkIndex: link, mark: mark, tag: tag)
        case .deleteAddress(let address, _, let keepsSecondaries):
            appendDeleteAddress(address, linkIndex: link, keepsSecondaries: keepsSecondaries, tag: tag)
        case .addPrefixRoute(let address, _): appendAddPrefixRoute(of: address, linkIndex: link, tag: tag)
        case .announce(_, let mac): appendAnnounce(mac, linkIndex: link, tag: tag)
        case .addRoute(let route): appendAddRoute(route, deviceIndex: index, mark: mark, tag: tag)
        case .replaceRoute(_, let route): appendReplaceRoute(route, deviceIndex: index, mark: mark, tag: tag)
        case .deleteRoute(let route): appendDeleteRoute(route, deviceIndex: index, mark: mark, tag: tag)
        case .replaceNeighbour(let neighbour):
            appendReplaceNeighbour(neighbour, linkIndex: link, mark: mark, tag: tag)
        case .deleteNeighbour(let neighbour): appendDeleteNeighbour(neighbour, linkIndex: link, tag: tag)
        case .addForwarding(let entry): appendAddForwarding(entry, linkIndex: link, tag: tag)
        case .replaceForwarding(let entry): appendReplaceForwarding(entry, linkIndex: link, tag: tag)
        case .deleteForwarding(let entry): appendDeleteForwarding(entry, linkIndex: link, tag: tag)
        case .createNamespace, .markNamespace, .deleteNamespace, .createLink, .changeLink, .deleteLink,
            .writeSysctl, .restoreSysctl, .writeFile, .deleteFile, .firewall:
            preconditionFailure("not a thing on a link")
        }
    }
}
