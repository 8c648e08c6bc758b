@_exported import LockstepInference
