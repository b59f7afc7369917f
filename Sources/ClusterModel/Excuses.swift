/// What a document names, but says so badly that the rest of it is not known: no use of it is complained of.
package struct Excuses {
    package var nodes: Set<NodeName> = []
    /// Nodes of which not every address is known.
    package var nodeAddresses: Set<NodeName> = []
    package var networks: Set<NetworkName> = []
    package var sandboxes: Set<SandboxName> = []

    package init() {}
}
