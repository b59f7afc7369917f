package import NetworkModel

/// The names of a namespace's links by index, for reading hundreds of thousands of objects that name few links.
package struct LinkNames {
    private let names: [Int32: InterfaceName]
    private var lastIndex: Int32 = 0
    private var lastName: InterfaceName?

    package init(_ names: [Int32: InterfaceName]) {
        self.names = names
    }

    /// The name of the link `index`; the one that was asked for last costs nothing.
    package mutating func name(of index: Int32) -> InterfaceName? {
        if index != lastIndex {
            lastIndex = index
            lastName = names[index]
        }
        return lastName
    }
}
