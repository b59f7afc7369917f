/// The attributes of a message or of a nest, one after another, read in place.
///
/// Never reads outside the bytes it was given. A malformed attribute ends the walk and sets ``isMalformed``.
@frozen
package struct NetlinkAttributes {
    @usableFromInline var position: UnsafeRawPointer?
    @usableFromInline var remaining: Int
    /// True when the walk ended at an attribute whose length can't be.
    package var isMalformed = false

    /// Attributes in `bytes`.
    @inlinable
    package init(_ bytes: UnsafeRawBufferPointer) {
        position = bytes.baseAddress
        remaining = bytes.count
    }

    /// Attributes of a message's payload behind its family's header, which is `headerSize` bytes with its padding.
    @inlinable
    package init(_ payload: UnsafeRawBufferPointer, after headerSize: Int) {
        let size = (headerSize + 3) & ~3
        position = payload.count > size ? payload.baseAddress?.advanced(by: size) : nil
        remaining = position == nil ? 0 : payload.count - size
    }

    /// The next attribute, or `nil` at the end.
    @inlinable
    package mutating func next() -> NetlinkAttribute? {
        guard remaining >= 4, let start = position else { return nil }
        let length = Int(start.loadUnaligned(as: UInt16.self))
        guard length >= 4, length <= remaining else {
            isMalformed = true
            remaining = 0
            return nil
        }
        let type = start.loadUnaligned(fromByteOffset: 2, as: UInt16.self)
        let padded = (length + 3) & ~3
        position = start.advanced(by: padded < remaining ? padded : remaining)
        remaining = padded < remaining ? remaining - padded : 0
        return NetlinkAttribute(
            type: type & 0x3fff,  // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
            payload: UnsafeRawBufferPointer(start: start.advanced(by: 4), count: length - 4)
        )
    }
}

/// One attribute: its type and its payload, valid as long as the message's memory is.
@frozen
package struct NetlinkAttribute {
    package let type: UInt16
    package let payload: UnsafeRawBufferPointer

    @inlinable
    package init(type: UInt16, payload: UnsafeRawBufferPointer) {
        self.type = type
        self.payload = payload
    }

    /// The payload as a number of one byte; `nil` if it has fewer.
    @inlinable
    package var uint8: UInt8? { payload.first }

    /// The payload as a number of two bytes in host order; `nil` if it has fewer.
    @inlinable
    package var uint16: UInt16? { payload.count >= 2 ? payload.loadUnaligned(as: UInt16.self) : nil }

    /// The payload as a number of four bytes in host order; `nil` if it has fewer.
    @inlinable
    package var uint32: UInt32? { payload.count >= 4 ? payload.loadUnaligned(as: UInt32.self) : nil }

    /// The payload as a signed number of four bytes in host order; `nil` if it has fewer.
    @inlinable
    package var int32: Int32? { payload.count >= 4 ? payload.loadUnaligned(as: Int32.self) : nil }

    /// The payload as text up to its first NUL, malformed UTF-8 repaired.
    package var text: String {
        String(decoding: payload.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// The attributes in the payload.
    @inlinable
    package var nested: NetlinkAttributes { NetlinkAttributes(payload) }
}
