import NetworkModel

extension NodePlanner {
    /// Permanent neighbours on Weft's links.
    mutating func planNeighbours() {
        var present = KeyIndex(observed.everywhere(\.neighbours))
        let elements = present.elements
        var isWanted = [Bool](repeating: false, count: elements.count)
        let isKept = LastAnswers<LinkID, Bool>(links.keepsContents)
        let reasonForLoss = LastAnswers<LinkID, String?>(links.reasonForLosingNeighbours)
        let isBlocked = LastAnswers<LinkID, Bool> { [links] in links.fates[$0]?.isBlocked == true }
        for wanted in desired.neighbours where !isBlocked(wanted.link) {
            var position: Int?
            present.forEach(wanted.key) { position = $0 }
            let loss = losses.loss(of: wanted)
            if let loss, loss.moment == .whileRemoving, isKept(wanted.link) {
                // Neither what is there nor what would come outlasts the address.
                if let position { isWanted[position] = true }
                steps.restoring.append(Change(.create, .replaceNeighbour(wanted), reason: loss.reason))
                continue
            }
            guard let position, isKept(wanted.link) else {
                // The link, were it made a moment ago, may have found the neighbour out by itself, which no dump of
                // permanent ones shows.
                let reason = links.reasonToComeAgain(on: wanted.link)
                fill(wanted.link.place, Change(.create, .replaceNeighbour(wanted), reason: reason))
                continue
            }
            isWanted[position] = true
            let differences = elements[position].differences(from: wanted)
            if wanted.owner == 0, elements[position].protocolNumber != 0 {
                giveBack(wanted, from: elements[position], differences)
            } else if !differences.isEmpty {
                fill(wanted.link.place, Change(.change, .replaceNeighbour(wanted), differences: differences))
            } else if let reason = reasonForLoss(wanted.link) ?? loss?.reason {
                fill(wanted.link.place, Change(.create, .replaceNeighbour(wanted), reason: reason))
            }
        }
        var unwanted: [Neighbour] = []
        for (position, existing) in elements.enumerated()
        where !isWanted[position] && existing.isManaged {
            let link = existing.value.link
            let isLost = losses.loss(of: existing.value).map { $0.isSure } ?? false
            if isKept(link), reasonForLoss(link) == nil, !isLost { unwanted.append(existing.value) }
        }
        for neighbour in unwanted.sorted(by: { $0.key < $1.key }) {
            steps.removingEntries.append(Change(.delete, .deleteNeighbour(neighbour)))
        }
    }

    /// Makes a neighbour nobody's again, as it was: the kernel takes no protocol away (`neigh_add()`), so it is made anew.
    private mutating func giveBack(
        _ wanted: Neighbour,
        from existing: ObservedNeighbour,
        _ differences: [Difference]
    ) {
        let deletion = Operation.deleteNeighbour(existing.value)
        fill(wanted.link.place, Change(.delete, deletion, reason: "to be made anew", isCounted: false))
        fill(wanted.link.place, Change(.remake, .replaceNeighbour(wanted), differences: differences))
    }
}

extension LinkSurvey {
    /// True if an entry on the link is still there when the contents of its place are filled.
    func keepsContents(_ link: LinkID) -> Bool {
        fates[link]?.keepsContents ?? false
    }

    /// Why something comes that may have been on a link; `nil` if the link is not made anew.
    func reasonToComeAgain(on link: LinkID) -> String? {
        fates[link]?.goesFirst == true ? "it goes with the link that is made anew" : nil
    }

    /// Why the kernel drops the neighbours of a kept link; `nil` if it does not.
    ///
    /// Kernel: `neigh_changeaddr()`, `neigh_ifdown()`.
    func reasonForLosingNeighbours(_ id: LinkID) -> String? {
        guard case .keep(let existing)? = fates[id], let link = desired[id] else { return nil }
        if existing.isUp, !link.isUp { return "the kernel drops it as the link goes down" }
        return existing.mac == link.mac ? nil : "the kernel drops it as the link's MAC changes"
    }
}

/// Remembers the answers to the last two questions: entries come by the thousand, link by link, or by turns of two tables.
final class LastAnswers<Question: Equatable, Answer> {
    private let find: (Question) -> Answer
    private var last: (question: Question, answer: Answer)?
    private var oneBefore: (question: Question, answer: Answer)?

    init(_ find: @escaping (Question) -> Answer) {
        self.find = find
    }

    func callAsFunction(_ question: Question) -> Answer {
        if let last, last.question == question { return last.answer }
        if let oneBefore, oneBefore.question == question { return oneBefore.answer }
        let answer = find(question)
        oneBefore = last
        last = (question, answer)
        return answer
    }
}

extension ObservedNeighbour {
    func differences(from wanted: Neighbour) -> [Difference] {
        var list: [Difference] = []
        Difference.note("mac", value.mac, wanted.mac, in: &list)
        Difference.note("protocol", protocolNumber, wanted.owner ?? mark.protocolNumber, in: &list)
        return list
    }
}
