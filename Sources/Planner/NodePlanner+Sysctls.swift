package import NetworkModel

extension NodePlanner {
    /// Settings: written where they differ; put back where Weft's are no longer wanted.
    ///
    /// Those that turn on forwarding are last, for packets are to pass only when all is in place; behind them are only
    /// the links' own, which the kernel sets with them.
    mutating func planSysctls() {
        warnOfForwarding()
        // What the settings of links become as those of all links are written, by family and place.
        var written: [Sysctl.Key: String] = [:]
        for setting in settingsInOrder() {
            let sysctl = setting.sysctl
            if creationSettings.contain(sysctl.key) { continue }
            // What IPv6 is to be kept from, it is where there is none.
            if lacksIPv6(sysctl.key), sysctl.isGuard { continue }
            let existing = observed.sysctls[sysctl.key]
            guard existing != nil || comesWithPlan(sysctl.key), !lacksIPv6(sysctl.key) else {
                refuse(sysctl.key)
                continue
            }
            let change = setting.isPutBack ? putBack(sysctl) : change(of: sysctl, from: existing, written)
            guard let change else { continue }
            // What the kernel changes with the forwarding of all links would not last if it came before that.
            let isOverwritten =
                sysctl.key.isForwardingOfLink && sysctl.key.forwardingScope.flatMap { written[$0] } == "1"
            if !isOverwritten, sysctl.isGuard || sysctl.allowsIPv6 {
                groups[order.contentsGroup(of: sysctl.key.place)].settings.append(change)
            } else {
                steps.settings.append(change)
            }
            if let scope = sysctl.key.forwardingScope, sysctl.key.turnsOnForwarding {
                written[scope] = sysctl.value
            }
        }
    }

    /// A setting that is to have a value.
    private struct Setting {
        var sysctl: Sysctl
        /// It is not of the document, but is put back to what it was.
        var isPutBack: Bool

        init(_ sysctl: Sysctl, isPutBack: Bool) {
            self.sysctl = sysctl
            self.isPutBack = isPutBack
        }
    }

    /// The settings that are to have a value, by rank and key.
    private func settingsInOrder() -> [Setting] {
        let settings = (desired.sysctls.map { Setting($0, isPutBack: false) } + settingsToPutBack())
            .sorted { $0.sysctl.key < $1.sysctl.key }
        var byRank = [[Setting]](repeating: [], count: Sysctl.Key.rankCount)
        for setting in settings { byRank[setting.sysctl.key.rank].append(setting) }
        return Array(byRank.joined())
    }

    private func change(of sysctl: Sysctl, from existing: String?, _ written: [Sysctl.Key: String]) -> Change?
    {
        if let link = sysctl.key.link, case .remake? = links.fates[link] {
            let reason = "it goes with link '\(link.name)', which is made anew"
            return Change(.change, .writeSysctl(sysctl, before: nil), reason: reason)
        }
        var present = existing
        if let existing, sysctl.key.isForwardingOfLink, let scope = sysctl.key.forwardingScope {
            present = written[scope] ?? existing
            if Sysctl.isSame(existing, sysctl.value), present != existing {
                let reason = "the kernel changes it with the forwarding of all links"
                return Change(.change, .writeSysctl(sysctl, before: existing), reason: reason)
            }
        }
        if let present, Sysctl.isSame(present, sysctl.value) { return nil }
        var differences: [Difference] = []
        if existing != nil { Difference.note("value", existing, Optional(sysctl.value), in: &differences) }
        return Change(.change, .writeSysctl(sysctl, before: existing), differences: differences)
    }

    private mutating func refuse(_ key: Sysctl.Key) {
        problems.append(
            Problem(
                "cannot set '\(key)'\(Self.words(for: key.place)): there is no such setting",
                hint: "'sysctl -a --pattern net' shows the settings of this kernel"
            )
        )
    }

    /// The settings that Weft changed, that are still as it left them, and that are no longer wanted.
    private func settingsToPutBack() -> [Setting] {
        let wanted = Set(desired.sysctls.map(\.key))
        return observed.recordedSysctls.compactMap { key, record in
            guard record.written != record.before, !wanted.contains(key),
                let existing = observed.sysctls[key], existing == record.written
            else { return nil }
            // Others may rely on forwarding by now: it stays on, unless what turned it on never came about.
            guard !record.outlivesWeft(key) || options.isRollback else { return nil }
            if let name = key.place.name, !desired.namespaces.contains(name) { return nil }
            if let link = key.link, let fate = links.fates[link], !fate.keepsContents { return nil }
            // It went with the link's IPv6.
            if lacksIPv6(key) { return nil }
            return Setting(Sysctl(key, value: record.before), isPutBack: true)
        }
    }

    /// Forwarding that Weft turned on stays on, and its record is dropped: nobody would tell of it later.
    private mutating func warnOfForwarding() {
        guard !options.isRollback else { return }
        let left = observed.recordedSysctls.filter { key, record in
            key.place == .node && key.turnsOnForwarding && record.before != record.written
                && observed.sysctls[key] == record.written
                && !desired.sysctls.contains { $0.key == key }
        }
        for (key, record) in left.sorted(by: { $0.key < $1.key }) {
            warnings.append(
                "setting '\(key)' stays at \(record.written), where it was \(record.before) before Weft set it: others may "
                    + "rely on it"
            )
        }
    }

    /// True for a setting of the IPv6 of a link that shall have an MTU too small for it.
    private func lacksIPv6(_ key: Sysctl.Key) -> Bool {
        guard key.path.hasPrefix("net/ipv6/"), let link = key.link else { return false }
        return links.desired[link]?.mtu?.carriesIPv6 == false
    }

    private func putBack(_ sysctl: Sysctl) -> Change? {
        guard let existing = observed.sysctls[sysctl.key] else { return nil }
        return Change(
            .change,
            .restoreSysctl(sysctl, from: existing),
            differences: [Difference("value", from: existing, to: sysctl.value)],
            reason: "put back to what it was before"
        )
    }

    /// True if a setting that is not there now may come with a namespace or a link of the plan.
    private func comesWithPlan(_ key: Sysctl.Key) -> Bool {
        if let name = key.place.name, observed.namespaces[name] == nil { return true }
        return key.link.map { links.desired[$0] != nil } ?? false
    }
}

extension Sysctl {
    /// True for a setting that keeps something out, and is to be in force before anything comes in.
    var isGuard: Bool {
        switch key.path.split(separator: "/").last {
        case "accept_ra", "forwarding": value == "0"
        case "disable_ipv6": value == "1"
        default: false
        }
    }

    /// True for a setting without which IPv6 addresses are refused.
    var allowsIPv6: Bool { key.path.hasSuffix("/disable_ipv6") && value == "0" }
}

extension RecordedSysctl {
    /// True for what is not put back although nobody asks for it any more: forwarding, which others may rely on by now, and what
    /// a node that forwards needs to keep its own way out.
    package func outlivesWeft(_ key: Sysctl.Key) -> Bool {
        key.turnsOnForwarding
            || (key.place == .node && written == "2" && key.path.hasPrefix("net/ipv6/conf/")
                && key.path.hasSuffix("/accept_ra"))
    }
}

extension Sysctl.Key {
    /// True for the settings that make a host forward packets for all of a family.
    package var turnsOnForwarding: Bool {
        switch path {
        case "net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding", "net/ipv6/conf/all/forwarding": true
        default: false
        }
    }

    /// The link that the setting is of; `nil` if it is of the whole namespace.
    var link: LinkID? {
        // By bytes: this is asked several times of each of many settings.
        var rest = path.utf8[...]
        for position in 0... {
            guard let end = rest.firstIndex(of: UInt8(ascii: "/")) else { return nil }
            let part = rest[..<end]
            if position == 2, !part.elementsEqual("conf".utf8), !part.elementsEqual("neigh".utf8) {
                return nil
            }
            if position == 3 {
                return LinkID(InterfaceName(fromKernel: String(Substring(part))), in: place)
            }
            rest = rest[rest.index(after: end)...]
        }
        return nil
    }

    /// True for a link's own setting of forwarding.
    var isForwardingOfLink: Bool {
        path.hasSuffix("/forwarding") && !turnsOnForwarding && link != nil
    }

    /// What a setting of forwarding is of: a family, at a place.
    var forwardingScope: Sysctl.Key? {
        guard turnsOnForwarding || isForwardingOfLink else { return nil }
        return Sysctl.Key(path: path.hasPrefix("net/ipv4/") ? "net/ipv4" : "net/ipv6", in: place)
    }

    /// When the setting is written: 0 before all packets are forwarded, 1 to turn that on, 2 behind it.
    fileprivate var rank: Int { turnsOnForwarding ? 1 : isForwardingOfLink ? 2 : 0 }

    fileprivate static let rankCount = 3
}
