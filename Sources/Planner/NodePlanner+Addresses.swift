import NetworkModel

extension NodePlanner {
    /// Addresses: added, changed, deleted; and what of the kept ones the kernel drops meanwhile.
    mutating func planAddresses() {
        for id in links.desired.keys.sorted() {
            guard let link = links.desired[id], let fate = links.fates[id] else { continue }
            switch fate {
            case .create, .remake:
                let reason = links.reasonToComeAgain(on: id)
                for address in link.addresses {
                    fill(id.place, Change(.create, .addAddress(address, on: id), reason: reason))
                }
            case .keep(let existing):
                planAddresses(of: link, on: existing)
            case .delete, .blocked:
                break
            }
        }
        noteAddressesOfOtherLinks()
    }

    private mutating func planAddresses(of link: Link, on existing: ObservedLink) {
        let comparison = AddressComparison(of: existing, with: link)
        for conflict in comparison.conflicts {
            let place = Self.words(for: link.id.place)
            problems.append(
                Problem(
                    "cannot add address \(conflict) to link '\(link.id.name)'\(place): the link has it with another "
                        + "prefix length, and that one is not Weft's",
                    hint: "remove it with 'ip address delete', or state it as it is"
                )
            )
        }
        for address in comparison.deletedFirst {
            fill(
                link.id.place,
                Change(
                    .delete,
                    .deleteAddress(address.value, on: link.id),
                    reason: address.reason,
                    isCounted: address.reason == nil
                )
            )
        }
        for change in comparison.additions { fill(link.id.place, change) }
        for address in comparison.deletedLast {
            steps.removingAddresses.append(
                Change(.delete, .deleteAddress(address.value, on: link.id), reason: address.reason)
            )
        }
        losses.note(comparison, on: link.id)
    }

    /// Notes which addresses go with links that go, and which stay with links that are not Weft's.
    private mutating func noteAddressesOfOtherLinks() {
        for (id, existing) in links.observed {
            let addresses = existing.addresses.map(\.value.address)
            // IPv6 routes keep their source when the link that has it goes: `addrconf_ifdown()` is not `ipv6_del_addr()`.
            let sources = addresses.filter { $0.family == .ipv4 }
            switch links.fates[id] {
            case .remake: losses.note(sources, goneFrom: id.place, .whileClearing)
            case .delete:
                losses.note(
                    sources,
                    goneFrom: id.place,
                    losses.isCleared(id) ? .whileClearing : .whileRemoving
                )
            case .create, .blocked, nil: losses.note(addresses, lastingAt: id.place)
            case .keep: break
            }
        }
        for link in links.desired.values {
            losses.note(link.addresses.map(\.address), wantedAt: link.id.place)
        }
    }
}
