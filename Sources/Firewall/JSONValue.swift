internal import CJansson

/// A value of JSON, in which libnftables writes what it lists.
indirect enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case real(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    /// Reads a text by libjansson, with which libnftables wrote it.
    ///
    /// - Returns: `nil` if it is no JSON.
    init?(_ text: String) {
        var error = json_error_t()
        guard let root = json_loads(text, 0, &error) else { return nil }
        defer { json_decref(root) }
        self.init(root)
    }

    private init(_ json: UnsafeMutablePointer<json_t>) {
        switch json.pointee.type {
        case JSON_OBJECT:
            var members: [String: JSONValue] = [:]
            var iterator = json_object_iter(json)
            while let position = iterator {
                if let key = json_object_iter_key(position), let value = json_object_iter_value(position) {
                    members[String(cString: key)] = JSONValue(value)
                }
                iterator = json_object_iter_next(json, position)
            }
            self = .object(members)
        case JSON_ARRAY:
            self = .list(
                (0..<json_array_size(json)).compactMap { json_array_get(json, $0).map(JSONValue.init) }
            )
        case JSON_STRING: self = .text(json_string_value(json).map { String(cString: $0) } ?? "")
        case JSON_INTEGER: self = .integer(Int64(json_integer_value(json)))
        case JSON_REAL: self = .real(json_real_value(json))
        case JSON_TRUE: self = .boolean(true)
        case JSON_FALSE: self = .boolean(false)
        default: self = .null
        }
    }

    /// The member of an object; `nil` for none, and of anything else.
    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// The items of a list; of anything else none.
    var items: [JSONValue] {
        guard case .list(let items) = self else { return [] }
        return items
    }

    /// An object without some members; anything else as it is.
    func without(_ keys: String...) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { !keys.contains($0.key) })
    }
}
