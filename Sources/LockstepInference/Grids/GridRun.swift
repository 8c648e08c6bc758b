import LockstepRuntime
import LockstepTensor

/// A run of a grid of fits that goes on as it is told to: a `FitRun` whose lanes are known by dataset, settings and start.
///
/// ```swift
/// let run = try svi.startGrid(datasets: datasets, steps: 10_000)
/// while !run.isFinished {
///     try run.advance(for: 10)
///     try run.state().write(to: file)
/// }
/// let fits = try run.fits()
/// ```
public final class GridRun {
    /// Of all lanes.
    public let run: FitRun
    private let layout: GridLayout

    init(_ run: FitRun, _ layout: GridLayout) {
        self.run = run
        self.layout = layout
    }

    /// Whether all lanes have come to an end.
    public var isFinished: Bool { run.isFinished }

    /// The share of all steps that is done, 0 ... 1.
    public var progress: Double { run.progress }

    /// Takes further steps: see `FitRun.advance`.
    ///
    /// - Parameters:
    ///   - steps: at most so many.
    ///   - seconds: stops when they are over, after one step at least.
    /// - Throws: `LockstepError`; `CancellationError` where the calling task is cancelled.
    public func advance(_ steps: Int = .max, for seconds: Double = .infinity) throws { try run.advance(steps, for: seconds) }

    /// All that is needed to go on from here with `LaneAlgorithm.resumeGrid`.
    ///
    /// - Throws: `LockstepError` where a device fails.
    public func state() throws -> RunState { try run.state() }

    /// The fits as they are now: see `FitRun.fits`.
    ///
    /// - Throws: `LockstepError`; `CancellationError` where the calling task is cancelled.
    public func fits() throws -> GridFits { GridFits(try run.fits(), layout) }
}

extension LaneAlgorithm {
    /// Fits each dataset from several starts, with all settings.
    ///
    /// Lanes are numbered by dataset, then by settings in their order, then by start. A lane's key is `key.fold(dataset).fold(start)`, by
    /// their numbers: more datasets, settings or starts change no fit that was there, and settings are compared with the same draws. A fit
    /// can be had by itself, too: `run(keys: [key.fold(2).fold(0)], ...)` with the array of dataset 2 and the values of the settings, each
    /// `.perLane` of one lane, is start 0 of it, to the bit where it has the schedule of the grid (`RunLayout.schedule`).
    ///
    /// - Parameters:
    ///   - starts: fits of each dataset with each setting, of which `GridFits.best(of:settings:)` is the best.
    ///   - datasets: what is fitted to.
    ///   - settings: numbers that are read as scalar data.
    ///   - steps: of each lane, at most.
    ///   - key: the same key gives the same fits.
    ///   - device: what runs the kernels.
    ///   - options: as of `run(keys:steps:data:device:options:)`.
    /// - Throws: `LockstepError` and `CancellationError`, as `run(keys:steps:data:device:options:)`; mistakes in data name the dataset.
    public func run(
        starts: Int = 8, datasets: Datasets, settings: Settings = [:], steps: Int, key: Key = Key(0), device: Device = .auto,
        options: RunOptions = RunOptions()
    ) throws -> GridFits {
        let run = try startGrid(
            starts: starts, datasets: datasets, settings: settings, steps: steps, key: key, device: device, options: options)
        while !run.isFinished { try run.advance() }
        return try run.fits()
    }

    /// Compiles a run of a grid, which then goes on as it is told to.
    ///
    /// - Parameters:
    ///   - starts: fits of each dataset with each setting.
    ///   - datasets: what is fitted to.
    ///   - settings: numbers that are read as scalar data.
    ///   - steps: of each lane, at most.
    ///   - key: the same key gives the same fits.
    ///   - device: what runs the kernels.
    ///   - options: as of `run(keys:steps:data:device:options:)`.
    /// - Throws: `LockstepError`; `CancellationError` where the calling task is cancelled.
    public func startGrid(
        starts: Int = 8, datasets: Datasets, settings: Settings = [:], steps: Int, key: Key = Key(0), device: Device = .auto,
        options: RunOptions = RunOptions()
    ) throws -> GridRun {
        try LockstepError.wrapping {
            let layout = try GridLayout(datasets, settings, starts: starts)
            let run = try start(keys: layout.keys(key), steps: steps, data: layout.data(datasets), device: device, options: options)
            return GridRun(run, layout)
        }
    }

    /// Goes on with a run of a grid that was saved: see `resume`. Starts and keys are those of the saved run.
    ///
    /// - Parameters:
    ///   - state: of a run of the same algorithm, with the same datasets, settings and options.
    ///   - datasets: as for the run that was saved.
    ///   - settings: as for the run that was saved.
    ///   - device: the one that the run was on; on another one the last digits differ.
    ///   - options: as for the run that was saved.
    /// - Throws: `LockstepError`, also where the state is one of another model, algorithm, grid or options.
    public func resumeGrid(
        _ state: RunState, datasets: Datasets, settings: Settings = [:], device: Device = .auto, options: RunOptions = RunOptions()
    ) throws -> GridRun {
        try LockstepError.wrapping {
            let (lanes, fits) = (state.keys.count, try GridLayout(datasets, settings, starts: 1).lanes)
            guard lanes >= fits, lanes % fits == 0 else {
                throw RunError(
                    "the saved run has \(lanes) lanes, which are not as many for each of the \(fits) pairs of a dataset and settings; "
                        + "give the datasets and settings that it was begun with")
            }
            let layout = try GridLayout(datasets, settings, starts: lanes / fits)
            return GridRun(try resume(state, data: layout.data(datasets), device: device, options: options), layout)
        }
    }
}
