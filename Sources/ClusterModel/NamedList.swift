/// What has a name.
package protocol Named {
    associatedtype Bearer
    var name: Name<Bearer> { get }
}

/// Things in order of name, no two with one name: the same whatever order a document has.
///
/// Inlinable: there may be a hundred thousand, and a call through the generic type costs more than most of what is done with one.
package struct NamedList<Element: Named>: RandomAccessCollection {
    @usableFromInline let elements: [Element]

    @inlinable
    package init() {
        elements = []
    }

    /// Puts elements in order; of several with one name the first is kept.
    @inlinable
    package init(_ unordered: some Sequence<Element>) {
        let elements = Array(unordered)
        let order = NameOrder(elements.map { $0.name.text })
        self.elements = order.places.map { places in places.map { elements[$0] } } ?? elements
    }

    @inlinable package var startIndex: Int { 0 }
    @inlinable package var endIndex: Int { elements.count }
    @inlinable package var indices: Range<Int> { elements.indices }
    @inlinable package subscript(position: Int) -> Element { elements[position] }
    @inlinable package func index(after position: Int) -> Int { position + 1 }
    @inlinable package func index(before position: Int) -> Int { position - 1 }
    @inlinable package func makeIterator() -> IndexingIterator<[Element]> { elements.makeIterator() }

    /// Where the element with a name is.
    @inlinable
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
    @inlinable
    package subscript(name: Name<Element.Bearer>) -> Element? {
        index(of: name).map { elements[$0] }
    }
}

extension NamedList: Equatable where Element: Equatable {}
extension NamedList: Hashable where Element: Hashable {}
extension NamedList: Sendable where Element: Sendable {}
