internal import NetworkModel

/// The keys of a sandbox's file.
enum FileKey: Int, KeySet {
    case sandbox, name, namespace, content

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .sandbox:
            Attribute(
                "sandbox",
                .name(.sandbox),
                "Whose file it is: the name of its directory in Weft's own.",
                isRequired: true
            )
        case .name:
            Attribute(
                "name",
                .choice(SandboxFile.Name.allCases.map(\.rawValue)),
                "Which file it is.",
                isRequired: true,
                synonyms: ["file", "path"]
            )
        case .namespace:
            Attribute(
                "namespace",
                .namespaceName,
                "The namespace in which 'ip netns exec' shows it in the place of the node's; one of 'namespaces'.",
                default: "none"
            )
        case .content:
            Attribute("content", .content, "The whole of it.", isRequired: true, synonyms: ["text"])
        }
    }
}
