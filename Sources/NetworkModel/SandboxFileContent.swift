extension SandboxFile {
    /// Text in pieces, of which files may share some: what is said of a network is in the hosts file of each sandbox on it.
    package struct Content: Sendable {
        /// The pieces, in order; none is empty.
        package private(set) var pieces: [ArraySlice<UInt8>] = []
        /// The length of all, in bytes.
        package private(set) var count = 0

        package init() {}

        package init(_ bytes: [UInt8]) {
            append(bytes[...])
        }

        /// A text that is mostly another one: what is the same at its beginning and at its end is kept once, by the other.
        ///
        /// A name that comes changes a thousand hosts files of a thousand lines, each in one line.
        package init(_ bytes: [UInt8], sharing other: Self) {
            let whole = Self(bytes)
            let start = whole.commonPrefix(with: other)
            let end = whole.commonSuffix(with: other, atMost: min(whole.count, other.count) - start)
            append(other[0..<start])
            append(Array(bytes[start..<bytes.count - end])[...])
            append(other[other.count - end..<other.count])
        }

        package mutating func append(_ piece: ArraySlice<UInt8>) {
            guard !piece.isEmpty else { return }
            pieces.append(piece)
            count += piece.count
        }

        private mutating func append(_ other: Self) {
            pieces += other.pieces
            count += other.count
        }

        /// All of it in one piece.
        package var bytes: [UInt8] { Array(pieces.joined()) }

        /// The lines, without their ends.
        package var lines: [Substring] {
            Substring(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        }

        /// The bytes of a range of offsets, which must be within.
        package subscript(range: Range<Int>) -> Self {
            var result = Self()
            var start = 0
            for piece in pieces {
                let own = range.clamped(to: start..<start + piece.count)
                if !own.isEmpty {
                    let first = piece.startIndex - start
                    result.append(piece[first + own.lowerBound..<first + own.upperBound])
                }
                start += piece.count
            }
            return result
        }

        /// The byte at an offset, which must be within.
        package subscript(offset: Int) -> UInt8 {
            self[offset..<offset + 1].pieces[0].first ?? 0
        }
    }
}

// MARK: - What is the same

extension SandboxFile.Content {
    /// How many bytes are the same from the beginning on.
    package func commonPrefix(with other: Self) -> Int {
        var (left, right) = (pieces[...], other.pieces[...])
        var (ours, theirs) = (ArraySlice<UInt8>(), ArraySlice<UInt8>())
        var length = 0
        while true {
            if ours.isEmpty { ours = left.popFirst() ?? [] }
            if theirs.isEmpty { theirs = right.popFirst() ?? [] }
            let count = min(ours.count, theirs.count)
            let same = Self.commonPrefix(ours.prefix(count), theirs.prefix(count))
            length += same
            guard same == count, count > 0 else { return length }
            ours = ours.dropFirst(count)
            theirs = theirs.dropFirst(count)
        }
    }

    /// How many bytes are the same up to the end, of no more than `limit`.
    package func commonSuffix(with other: Self, atMost limit: Int) -> Int {
        var (left, right) = (pieces[...], other.pieces[...])
        var (ours, theirs) = (ArraySlice<UInt8>(), ArraySlice<UInt8>())
        var length = 0
        while true {
            if ours.isEmpty { ours = left.popLast() ?? [] }
            if theirs.isEmpty { theirs = right.popLast() ?? [] }
            let count = min(ours.count, theirs.count, limit - length)
            let same = Self.commonSuffix(ours.suffix(count), theirs.suffix(count))
            length += same
            guard same == count, count > 0 else { return length }
            ours = ours.dropLast(count)
            theirs = theirs.dropLast(count)
        }
    }

    private static let wordLength = MemoryLayout<UInt64>.size

    /// Of two pieces of one length.
    private static func commonPrefix(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Int {
        left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                // The same piece, as files share them.
                if left.baseAddress == right.baseAddress { return left.count }
                var position = 0
                while position + wordLength <= left.count, word(left, position) == word(right, position) {
                    position += wordLength
                }
                while position < left.count, left[position] == right[position] { position += 1 }
                return position
            }
        }
    }

    /// Of two pieces of one length.
    private static func commonSuffix(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Int {
        left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                if left.baseAddress == right.baseAddress { return left.count }
                var end = left.count
                while end >= wordLength, word(left, end - wordLength) == word(right, end - wordLength) {
                    end -= wordLength
                }
                while end > 0, left[end - 1] == right[end - 1] { end -= 1 }
                return left.count - end
            }
        }
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
        bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
    }
}

extension SandboxFile.Content: Hashable {
    /// True if both are the same text, whatever pieces it is in.
    package static func == (left: Self, right: Self) -> Bool {
        left.count == right.count && left.commonPrefix(with: right) == left.count
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        hasher.combine(pieces.last?.last)
    }
}
