internal import ClusterModel
internal import Compiler
package import NetworkModel
package import Planner
internal import Reconciler

/// How a node of a lab is.
package struct LabNodeStatus: Sendable {
    package var name: String
    package var role: Role
    package var addresses: [IPAddress]
    package var state: State
    /// The sandboxes that the document has there.
    package var sandboxes: [String] = []
    /// What `weft lab up` would do to it.
    package var changes: [Change] = []
    /// What keeps it from being brought to what the document says.
    package var problems: [String] = []

    /// What it is for.
    package enum Role: String, Hashable, Sendable {
        case node, router
        /// The lab's own way out.
        case gateway
        /// The wire itself.
        case underlay
    }

    /// How it is, beside what the document says.
    package enum State: Hashable, Sendable {
        /// As the document says.
        case inPlace
        /// Some changes away from that; `nil` if they can't be told.
        case differs(Int?)
        /// It is not there.
        case missing
        /// The document has no such node, or is not known.
        case unwanted
    }
}

extension Laboratory {
    /// How the lab is; `nil` for the document if none is on record.
    ///
    /// Changes nothing, and waits for nobody.
    ///
    /// - Throws: What could not be read.
    package func status(of document: LabDocument?) throws -> [LabNodeStatus] {
        let there = try nodesThatAreThere()
        let found = try nodes()
        var status: [LabNodeStatus] = []
        let home = try Reconciler(node: underlay).home()
        let gateways = document.map { UnderlaySubnets(of: $0).gateways.values.flatMap(\.self).sorted() } ?? []
        status.append(underlayStatus(document, isThere: home == .made))
        if !gateways.isEmpty {
            status.append(
                LabNodeStatus(
                    name: LabName.gateway,
                    role: .gateway,
                    addresses: gateways,
                    state: there.contains(LabName.gateway) ? .inPlace : .missing
                )
            )
        }
        for node in document?.cluster.nodes ?? NamedList() {
            status.append(try self.status(of: node, document, isThere: there.contains(node.name.text)))
        }
        let known = Set(status.map(\.name))
        for name in found where !known.contains(name) {
            status.append(LabNodeStatus(name: name, role: .node, addresses: [], state: .unwanted))
        }
        return status
    }

    private func underlayStatus(_ document: LabDocument?, isThere: Bool) -> LabNodeStatus {
        var status = LabNodeStatus(
            name: LabName.underlay,
            role: .underlay,
            addresses: [],
            state: isThere ? .unwanted : .missing
        )
        guard isThere, let document else { return status }
        let state = LabUnderlay.state(of: document, in: name)
        compare(&status) { try Reconciler(node: underlay).plan(state) }
        return status
    }

    private func status(
        of node: ClusterNode,
        _ document: LabDocument?,
        isThere: Bool
    ) throws -> LabNodeStatus {
        var status = LabNodeStatus(
            name: node.name.text,
            role: node.role == .router ? .router : .node,
            addresses: node.addresses.values,
            state: .missing
        )
        guard let document else { return status }
        status.sandboxes = document.cluster.sandboxes.filter { $0.node == node.name }.map(\.name.text)
        guard isThere else { return status }
        compare(&status) {
            let compiled = try compile(document, for: node.name.text)
            return try Reconciler(node: name.node(node.name.text)).plan(
                compiled.state,
                claiming: compiled.claims
            )
        }
        return status
    }

    private func compare(_ status: inout LabNodeStatus, with plan: () throws -> Plan) {
        do {
            status.changes = try plan().changes.filter(\.isCounted)
            status.state = status.changes.isEmpty ? .inPlace : .differs(status.changes.count)
        } catch let refusal as PlanRefusal {
            status.state = .differs(nil)
            status.problems = refusal.problems.map(\.message)
        } catch let refusal as LabRefusal {
            status.state = .differs(nil)
            status.problems = refusal.problems.map { "\($0.path): \($0.message)" }
        } catch {
            status.state = .differs(nil)
            status.problems = ["\(error)"]
        }
    }

    /// What the document means for a node as it is.
    ///
    /// - Throws: ``LabRefusal`` if the node can't give what is asked for, or what could not be read.
    func compile(_ document: LabDocument, for node: String) throws -> (state: NodeState, claims: NodeClaims) {
        let facts = try Reconciler(node: name.node(node)).facts()
        let compiled = document.cluster.compile(
            for: document.cluster.nodes.first { $0.name.text == node }?.name,
            facts,
            document.assignment
        )
        guard compiled.problems.isEmpty else {
            throw LabRefusal(
                problems: compiled.problems.map { LabProblem($0.path, $0.message, hint: $0.hint) }
            )
        }
        return (compiled.state, compiled.claims)
    }
}
