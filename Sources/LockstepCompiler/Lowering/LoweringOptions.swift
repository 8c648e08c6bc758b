/// Limits of the lowering. They change the text of a program, never what it computes beyond rounding.
package struct LoweringOptions: Hashable, Sendable {
    /// Loops up to this many iterations are unrolled.
    package var unrollLimit = 16
    /// The same for loops inside of a loop: what they load there is then needed all at once.
    package var innerUnrollLimit = 8
    /// Statements that unrolled loops may come to: where they are more, the limits are halved until they are not. Outside of
    /// loops unrolling saves least, since a step goes through it once.
    package var unrollBudget = 1_200
    package var innerUnrollBudget = 3_000
    /// Iterations of a loop around inner loops that are unrolled together: around those that are unrolled too,
    /// and around those that are not.
    package var tileSize = 4
    package var longTileSize = 8
    /// Operations of a step of a recurrence up to which several steps are written out together.
    package var shortStep = 64
    /// How many scalars that are alike become an array, and how many statements that has to save in all.
    package var fewestPacked = 8
    package var packingGain = 1_000
    /// Whether states may become elements of arrays.
    var packsStates = true
    /// What the names of the program's own data begin with.
    var ownNames = ""
    /// Whether work that is the same for all lanes and steps is done beforehand.
    package var hoists = true
    /// Whether loops over the same extent are merged.
    package var fuses = true
    /// Sums over at least this many elements are summed in parts.
    package var longSum = 256

    package init() {}
}
