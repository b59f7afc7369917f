package import NetworkModel

extension NodePlanner {
    /// Settings: written where they differ, those that turn on forwarding last; put back where Weft's are no longer wanted.
    mutating func planSysctls() {
        let wanted = desired.sysctls.sorted { left, right in
            left.key.turnsOnForwarding == right.key.turnsOnForwarding
                ? left.key < right.key : right.key.turnsOnForwarding
        }
        for sysctl in wanted {
            let present = observed.sysctls[sysctl.key]
            let existing = isLost(sysctl.key) ? nil : present
            guard existing != sysctl.value else { continue }
            guard existing != nil || comesWithPlan(sysctl.key) else {
                problems.append(
                    Problem(
                        "cannot set '\(sysctl.key)'\(Self.words(for: sysctl.key.place)): there is no such setting",
                        hint: "'sysctl -a --pattern net' shows the settings of this kernel"
                    )
                )
                continue
            }
            var differences: [Difference] = []
            if existing != nil {
                Difference.note("value", existing, Optional(sysctl.value), in: &differences)
            }
            steps.settings.append(
                Change(.change, .writeSysctl(sysctl, before: existing), differences: differences)
            )
        }
        putBack(except: Set(wanted.map(\.key)))
    }

    private mutating func putBack(except wanted: Set<Sysctl.Key>) {
        for key in observed.recordedSysctls.keys.sorted() where !wanted.contains(key) {
            guard let record = observed.recordedSysctls[key], let existing = observed.sysctls[key] else {
                continue
            }
            guard existing == record.written, existing != record.before else { continue }
            // Others may rely on forwarding by now: it stays on, unless what turned it on never came about.
            guard !key.turnsOnForwarding || options.isRollback else { continue }
            if let name = key.place.name, !desired.namespaces.contains(name) { continue }
            let change = Change(
                .change,
                .restoreSysctl(Sysctl(key, value: record.before), from: existing),
                differences: [Difference("value", from: existing, to: record.before)],
                reason: "put back to what it was before"
            )
            steps.settings.append(change)
        }
    }

    /// True if a setting goes with its link, which is made anew and has the kernel's values then.
    private func isLost(_ key: Sysctl.Key) -> Bool {
        guard let link = key.link, let fate = links.fates[link] else { return false }
        return !fate.keepsContents
    }

    /// True if a setting that is not there now may come with a namespace or a link of the plan.
    private func comesWithPlan(_ key: Sysctl.Key) -> Bool {
        if let name = key.place.name, observed.namespaces[name] == nil { return true }
        return key.link.map { links.desired[$0] != nil } ?? false
    }
}

extension Sysctl.Key {
    /// The link that it is a setting of, if it is one's.
    var link: LinkID? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 4, parts[2] == "conf" || parts[2] == "neigh" else { return nil }
        return LinkID(InterfaceName(fromKernel: String(parts[3])), in: place)
    }

    /// True for the settings that make a host forward packets for all of a family.
    package var turnsOnForwarding: Bool {
        switch path {
        case "net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding", "net/ipv6/conf/all/forwarding": true
        default: false
        }
    }
}
