internal import ClusterModel
internal import NetworkModel

/// Reads values of a tree as what their keys want, and collects what is wrong with them.
struct Decoder {
    let tree: ValueTree
    /// What was found, in the order of finding.
    var findings: [Finding] = []

    /// The link that was last looked for, and found: entries come by the thousand, link by link.
    var lastLink: Link?

    /// The state of the zero address of each VXLAN link, and the entry that first said it.
    var zeroAddressStates: [LinkID: (state: ForwardingEntry.State, item: Int)] = [:]

    /// Which items of lists could not be read, by the list.
    var droppedItems: [Int: [Int]] = [:]

    /// How often it still says what may be meant: looking for that takes time, and nobody reads a thousand of them.
    private var guessCount = 2 * DocumentErrors.printLimit

    init(_ tree: ValueTree) {
        self.tree = tree
    }

    /// Takes note of something wrong with the value, or the key, at `node`.
    mutating func complain(
        at node: Int,
        _ message: String,
        hint: String? = nil,
        kind: Complaint.Kind = .invalid
    ) {
        findings.append(Finding(node: node, message: message, hint: hint, kind: kind))
    }

    /// `did you mean 'br9'?`, if one of the words, which may be many, is near enough.
    mutating func guess(_ word: String, among words: () -> [String]) -> String? {
        guessCount -= 1
        return guessCount < 0 ? nil : Nearest.question(word, among: words())
    }

    /// Takes note of something odd.
    mutating func warn(at node: Int, _ message: String, hint: String? = nil) {
        findings.append(Finding(node: node, message: message, hint: hint, isWarning: true))
    }

    /// The mapping at `node`, or a complaint.
    mutating func mapping(_ node: Int, _ what: String = "a mapping") -> Int? {
        let value = tree.resolve(node)
        guard tree.nodes[value].shape != .mapping else { return value }
        complainOfShape(node, expected: what, hint: "write {} for none")
        return nil
    }

    /// The list at `node`, or a complaint.
    mutating func list(_ node: Int) -> Int? {
        let value = tree.resolve(node)
        guard tree.nodes[value].shape != .list else { return value }
        complainOfShape(node, expected: "a list", hint: "write [] for none")
        return nil
    }

    /// The scalar at `node`, if it says anything, or a complaint.
    @inline(__always)
    mutating func scalar(_ node: Int, _ expected: @autoclosure () -> String) -> Int? {
        let value = tree.resolve(node)
        let isScalar = tree.nodes[value].shape == .plain || tree.nodes[value].shape == .quoted
        guard isScalar, tree.nodes[value].extent > 0, !tree.isNull(value) else {
            complainOfShape(node, expected: expected())
            return nil
        }
        return value
    }

    private mutating func complainOfShape(_ node: Int, expected: String, hint: String? = nil) {
        let value = tree.resolve(node)
        switch tree.nodes[value].shape {
        case .mapping: complain(at: node, "\(expected) is expected here, not a mapping")
        case .list: complain(at: node, "\(expected) is expected here, not a list")
        case .plain, .quoted, .alias:
            if tree.nodes[value].extent == 0 || tree.isNull(value) {
                complain(at: node, "the value is missing: \(expected) is expected here", hint: hint)
            } else {
                complain(at: node, "\(expected) is expected here, not '\(shown(value))'")
            }
        }
    }

    /// The text of a scalar as complaints show it: not too much of it, and on one line.
    func shown(_ node: Int) -> String {
        let text = tree.string(of: node)
        let line = text.unicodeScalars.prefix(60).map { $0.value < 32 ? " " : String($0) }.joined()
        return line.unicodeScalars.count < text.unicodeScalars.count ? line + "…" : line
    }

    /// Finds the values of the keys that a mapping has, and complains of unknown ones; `known` are those of use there.
    mutating func collect<Key: KeySet>(
        _ mapping: Int,
        into fields: inout Fields<Key>,
        known: [Attribute] = Key.index.attributes
    ) {
        fields.begin(mapping)
        var cursor = EntryCursor(mapping, in: tree)
        while let entry = cursor.next(in: tree) {
            guard let key = tree.withText(of: entry.key, { Key.index.key($0) }) else {
                complainOfUnknown(entry.key, among: Key.index.attributes, known: known)
                continue
            }
            if fields[key] != nil {
                complainOfSecond(entry.key, first: fields.key(key))
            } else {
                fields.set(key, at: entry)
            }
        }
    }

    /// The keys of the mapping at `mapping` with their values.
    mutating func fields<Key: KeySet>(
        _ mapping: Int,
        _: Key.Type,
        known: [Attribute] = Key.index.attributes
    ) -> Fields<Key> {
        var fields = Fields<Key>()
        collect(mapping, into: &fields, known: known)
        return fields
    }

    /// Complains of a key that stands where a mapping has it already.
    mutating func complainOfSecond(_ key: Int, first: Int) {
        complain(
            at: key,
            "'\(shown(key))' is there already, at \(tree.position(of: first))",
            hint: "keep one of them"
        )
    }

    /// Complains of a key that the mapping does not know; `known` are those of use there.
    private mutating func complainOfUnknown(_ key: Int, among attributes: [Attribute], known: [Attribute]) {
        let text = shown(key)
        guard !text.isEmpty else {
            return complain(at: key, "a key is missing before ':'")
        }
        let supported = known.filter { attribute in
            if case .unsupported = attribute.form { return false }
            return true
        }
        let meant = supported.first { $0.synonyms.contains(text) }?.name
        let hint =
            meant.map { "did you mean '\($0)'?" } ?? Nearest.question(text, among: known.map(\.name))
            ?? Nearest.question(text, among: attributes.map(\.name))
            ?? "known keys are " + supported.map(\.name).joined(separator: ", ")
        complain(at: key, "unknown key '\(text)'", hint: hint)
    }

    /// Complains if a key that must be there is not.
    ///
    /// - Returns: True if all are there.
    @discardableResult
    mutating func require<Key: KeySet>(_ keys: Key..., in fields: Fields<Key>) -> Bool {
        var isComplete = true
        for key in keys where fields[key] == nil {
            complain(at: fields.mapping, "'\(key.name)' is missing", hint: hint(for: key))
            isComplete = false
        }
        return isComplete
    }

    private func hint(for key: some KeySet) -> String? {
        let attribute = key.attribute
        guard case .choice(let words) = attribute.form else { return nil }
        return "it is one of " + words.joined(separator: ", ")
    }
}

/// Where in a mapping the values of its keys are.
struct Fields<Key: KeySet> {
    /// The mapping itself.
    private(set) var mapping = 0
    private var values: [Int32]
    private var keys: [Int32]

    init() {
        values = Array(repeating: -1, count: Key.allCases.count)
        keys = values
    }

    mutating func begin(_ mapping: Int) {
        self.mapping = mapping
        for index in values.indices { values[index] = -1 }
    }

    mutating func set(_ key: Key, at entry: (key: Int, value: Int)) {
        values[key.rawValue] = Int32(truncatingIfNeeded: entry.value)
        keys[key.rawValue] = Int32(truncatingIfNeeded: entry.key)
    }

    /// The value of a key.
    subscript(key: Key) -> Int? {
        values[key.rawValue] < 0 ? nil : Int(values[key.rawValue])
    }

    /// Where a key that is there stands itself.
    func key(_ key: Key) -> Int { Int(keys[key.rawValue]) }

    /// The keys that are there.
    var present: [Key] { Key.allCases.filter { self[$0] != nil } }
}
