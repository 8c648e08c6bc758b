/// Where the draws of one site come from: a pure function of the site's name, what the draw is for, and the
/// particle. It holds no state: asking twice gives the same tensor, so a distribution that needs several
/// independent draws takes a substream for each.
public struct RandomSource: Sendable {
    package let site: String
    /// Purpose, site and tags of substreams: different for different sources.
    package let path: String
    package let stream: UInt32
    package let particle: UInt32
    package let origin: Origin

    /// - Parameter purpose: keeps the draws of one site apart by use, `guide` and `initial` say.
    package init(site: String, purpose: String, particle: Int = 0, origin: Origin) {
        // A purpose has single slashes only. With those of the name doubled, the two cannot run together.
        let name = site.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "//")
        let path = purpose + "/" + name
        self.init(
            site: site, path: path, stream: StreamHash.hash(path), particle: UInt32(truncatingIfNeeded: particle), origin: origin)
    }

    private init(site: String, path: String, stream: UInt32, particle: UInt32, origin: Origin) {
        self.site = site
        self.path = path
        self.stream = stream
        self.particle = particle
        self.origin = origin
    }

    /// An independent source for one part of a draw.
    public func substream(_ tag: String) -> RandomSource {
        RandomSource(
            site: site, path: path + "\0" + tag, stream: StreamHash.hash(tag, seed: stream), particle: particle, origin: origin)
    }

    /// Uniform on the open interval (0, 1).
    public func uniform(_ shape: Shape) -> Tensor { draw(.uniform, nil, shape) }
    /// Standard normal.
    public func normal(_ shape: Shape) -> Tensor { draw(.normal, nil, shape) }
    /// Gamma with the given shape parameter and rate 1; no gradient flows to the parameter.
    public func gamma(_ concentration: Tensor, _ shape: Shape) -> Tensor { draw(.gamma, concentration, shape) }
    /// Poisson counts, as reals; no gradient flows to the rate.
    public func poisson(_ rate: Tensor, _ shape: Shape) -> Tensor { draw(.poisson, rate, shape) }

    private func draw(_ kind: RandomOp.Kind, _ parameter: Tensor?, _ shape: Shape) -> Tensor {
        .random(RandomOp(kind, stream: stream, particle: particle, site: site, path: path, origin: origin), parameter, shape: shape)
    }
}

/// FNV-1a over UTF-8 with a final avalanche (MurmurHash3's fmix32), 32 bits: the same on every platform and run.
package enum StreamHash {
    package static func hash(_ text: String, seed: UInt32 = 0x811C_9DC5) -> UInt32 {
        var h = seed
        for byte in text.utf8 { h = (h ^ UInt32(byte)) &* 0x0100_0193 }
        h = (h ^ (h >> 16)) &* 0x85EB_CA6B
        h = (h ^ (h >> 13)) &* 0xC2B2_AE35
        return h ^ (h >> 16)
    }
}
