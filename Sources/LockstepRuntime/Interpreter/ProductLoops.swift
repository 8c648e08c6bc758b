import CLanes
import LockstepCompiler
import LockstepTensor

/// A loop that does nothing but add products to elements, which runs as one instruction: the rows of a linear
/// predictor, and their gradient.
struct ProductLoop {
    struct Element {
        let buffer: BufferID
        /// In the first iteration.
        let first: IndexExpression
        /// Elements further with each iteration.
        let step: Int
    }

    enum Operand {
        case element(Element)
        /// A register from outside of the loop.
        case register(Register)
    }

    struct Product {
        let target: Element
        let operands: [Operand]
    }

    private(set) var products: [Product] = []
    let iterations: Int

    /// Nil where a loop is of another kind, or where the order of the sums would matter.
    init?(_ loop: FlatProgram.LoopSpan, of flat: FlatProgram, _ buffers: [BlockBuffer]) {
        guard loop.window == nil else { return nil }
        iterations = loop.variable.extent
        var loaded: [Register: Element] = [:]
        for item in flat.items[loop.start + 1..<loop.end] {
            switch item {
            case .statement(.load(let register, let buffer, let index)):
                guard let element = Self.element(buffer, index, loop.variable, buffers) else { return nil }
                loaded[register] = element
            case .fused(let fused):
                guard case .sum(let buffer, let index) = fused.target, fused.operation == lockstep_lanes_multiplyAdd,
                    let target = Self.element(buffer, index, loop.variable, buffers), !buffers[buffer.number].isUniform
                else { return nil }
                products.append(
                    Product(target: target, operands: fused.operands.map { loaded[$0].map { .element($0) } ?? .register($0) }))
            default: return nil
            }
        }
        guard !products.isEmpty, hasSeparateTargets else { return nil }
    }

    /// An element of reals whose index moves with the loop and stays inside the buffer.
    private static func element(
        _ buffer: BufferID, _ index: IndexExpression, _ variable: LoopVariable, _ buffers: [BlockBuffer]
    ) -> Element? {
        let plan = buffers[buffer.number]
        guard plan.bank == .reals, let range = index.range, range.lowerBound >= 0, range.upperBound < plan.count else { return nil }
        var step = 0
        for term in index.terms {
            guard case .variable(let other) = term.atom else { return nil }
            if other == variable { step = term.coefficient }
        }
        return Element(buffer: buffer, first: index.substituting(variable, by: .constant(0)), step: step)
    }

    /// Sums are done one after the other, which needs targets that are apart, and operands that no sum changes.
    private var hasSeparateTargets: Bool {
        let targets = Set(products.map(\.target.buffer))
        for (number, product) in products.enumerated() {
            for case .element(let element) in product.operands where targets.contains(element.buffer) { return false }
            for (otherNumber, other) in products.enumerated().dropFirst(number + 1) where other.target.buffer == product.target.buffer {
                let distance = other.target.first + product.target.first * -1
                let isSame = distance.asConstant == 0 && other.target.step == product.target.step
                let isApart = product.target.step == 0 && other.target.step == 0 && (distance.asConstant ?? 0) != 0
                // Those of one target must follow one another.
                let isRun = isSame && products[number...otherNumber].allSatisfy { $0.target.buffer == product.target.buffer }
                if !isApart && !isRun { return false }
            }
        }
        return true
    }
}
