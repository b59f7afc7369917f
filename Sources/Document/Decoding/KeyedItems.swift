/// The elements of a long list, with where each stands, to be put in order of key and looked through for doubles.
///
/// A list that is in order already, as lists that programs write are, costs a comparison for each element.
struct KeyedItems<Element, Key: Comparable> {
    private let key: (Element) -> Key
    private var elements: [Element] = []
    private var items: [Int32] = []
    private var isInOrder = true

    init(key: @escaping (Element) -> Key) {
        self.key = key
    }

    /// Adds an element that stands at `item`.
    mutating func append(_ element: Element, _ item: Int) {
        if isInOrder, let last = elements.last { isInOrder = key(last) < key(element) }
        elements.append(element)
        items.append(Int32(truncatingIfNeeded: item))
    }

    /// The elements in order of key, of several with one key the first.
    ///
    /// - Parameter complain: Called for each that has the key of an earlier one: where that stands, the element, and where
    ///   it stands.
    /// - Returns: The elements, none of them with the key of another.
    func sorted(orComplain complain: (_ first: Int, _ again: Element, _ item: Int) -> Void) -> [Element] {
        if isInOrder { return elements }
        // By position too, for the first of several is the one that stands first.
        let order = elements.indices.sorted { left, right in
            let keys = (key(elements[left]), key(elements[right]))
            return keys.0 < keys.1 || (keys.0 == keys.1 && left < right)
        }
        var kept: [Element] = []
        kept.reserveCapacity(elements.count)
        var first = -1
        for position in order {
            if first >= 0, key(elements[first]) == key(elements[position]) {
                complain(Int(items[first]), elements[position], Int(items[position]))
            } else {
                kept.append(elements[position])
                first = position
            }
        }
        return kept
    }
}
