/// What has a name.
package protocol Named {
    associatedtype Bearer
    var name: Name<Bearer> { get }
}

/// Things in order of name, no two with one name: the same whatever order a document has.
package struct NamedList<Element: Named>: RandomAccessCollection {
    private var elements: [Element]

    package init() {
        elements = []
    }

    /// Puts elements in order; of several with one name the first is kept.
    package init(_ unordered: some Sequence<Element>) {
        var elements = Array(unordered)
        let isInOrder = zip(elements, elements.dropFirst()).allSatisfy { $0.name < $1.name }
        if !isInOrder {
            let order = elements.indices.sorted {
                (elements[$0].name, $0) < (elements[$1].name, $1)
            }
            var kept: [Element] = []
            kept.reserveCapacity(elements.count)
            for index in order where kept.last?.name != elements[index].name { kept.append(elements[index]) }
            elements = kept
        }
        self.elements = elements
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { elements.count }
    package subscript(position: Int) -> Element { elements[position] }

    /// Where the element with a name is.
    package func index(of name: Name<Element.Bearer>) -> Int? {
        var low = 0
        var high = elements.count
        while low < high {
            let middle = (low + high) / 2
            if elements[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low < elements.count && elements[low].name == name ? low : nil
    }

    /// The element with a name.
    package subscript(name: Name<Element.Bearer>) -> Element? {
        index(of: name).map { elements[$0] }
    }
}

extension NamedList: Equatable where Element: Equatable {}
extension NamedList: Hashable where Element: Hashable {}
extension NamedList: Sendable where Element: Sendable {}
