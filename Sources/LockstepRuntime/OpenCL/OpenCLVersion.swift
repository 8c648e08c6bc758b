/// The number in a version string, which the standard lays out as `OpenCL <major>.<minor> <anything>`.
package struct OpenCLVersion: Comparable, Hashable, Sendable {
    package let major: Int
    package let minor: Int

    package init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Version 0.0, which is less than all others, where the text is not of that form.
    package init(_ text: String) {
        let words = text.split(separator: " ")
        let numbers = words.count > 1 && words[0] == "OpenCL" ? words[1].split(separator: ".") : []
        if numbers.count == 2, let major = Int(numbers[0]), let minor = Int(numbers[1]) {
            self.init(major: major, minor: minor)
        } else {
            self.init(major: 0, minor: 0)
        }
    }

    /// The first version with buffer fills, and the last one that every vendor's driver offers in full.
    package static let needed = OpenCLVersion(major: 1, minor: 2)

    package static func < (left: OpenCLVersion, right: OpenCLVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}
