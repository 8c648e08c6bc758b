import Lockstep
import TestSupport

/// The devices that a run can ask for on this machine.
let deviceChoices = Device.whyNoOpenCL == nil ? ["cpu", "opencl"] : ["cpu"]

func withProgram<Result>(_ body: (BuiltProgram) throws -> Result) throws -> Result { try withProgram("lockstep", body) }
