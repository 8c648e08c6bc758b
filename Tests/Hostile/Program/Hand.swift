import Lockstep

/// The calls that calls.py leaves to hands.
func callsByHand(_ list: inout CallList) {
    list.addInside("ModelContext: plate<R>", 12) { v, m in
        let (name, size, dim, value) = (v.string(), v.int(), v.optional(v.int()), v.tensor())
        return m.plate(name, size, dim: dim) { $0.sample("inner", Normal(value, 1)) } as Any
    }
    list.addInside("ModelContext: mask<R>", 6) { v, m in
        let (mask, value) = (v.tensor(), v.tensor())
        return m.mask(mask) { $0.observe("inner", Normal(0, 1), value) } as Any
    }
    list.addInside("ModelContext: scale<R>", 6) { v, m in
        let (factor, value) = (v.tensor(), v.tensor())
        return m.scale(factor) { $0.observe("inner", Normal(0, 1), value) } as Any
    }
}
