@_exported import LockstepDistributions
@_exported import LockstepInference
@_exported import LockstepModel
@_exported import LockstepRuntime
@_exported import LockstepTensor
