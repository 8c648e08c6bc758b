import KernelSources

/// The part of a kernel that draws where lanes begin: a program of one step, of its own arrays and values.
///
/// For CPUs it is a function that the step's kernel calls, since drivers for them take as long for each kernel as for a
/// hundred lines; for others, whose kernels share out registers and local memory, it is a kernel of its own.
struct KernelStart {
    let start: KernelText.Start
    /// Of the parameters that follow those of the step.
    let declarations: [String]
    /// Before the kernel of the step.
    private(set) var function: String?
    /// In the kernel of the step, before the call of its own function.
    private(set) var call: String?
    /// After the kernel of the step.
    private(set) var kernel: String?
    let functions: [lockstep_kernel_source]
    let carriedBytes: Int
    let weight: Int

    init(_ program: LaneProgram, beside step: KernelWriter, _ stepBody: KernelWriter.Body) {
        var options = step.options
        options.group = nil
        // Vectors of a group: workers do not share a start.
        options.groupSize = step.options.group?.tile ?? options.groupSize
        options.together = 1
        guard step.hasFunction else {
            let text = KernelWriter.write(start: program, options: options, name: step.name + "_start")
            start = KernelText.Start(kernel: text.name, parameters: text.parameters)
            kernel = text.kernel
            (declarations, functions, carriedBytes, weight) = ([], text.functions, text.carriedBytes, text.weight)
            return
        }
        var writer = KernelWriter(program, options, step.name, isStart: true)
        let body = writer.body()
        // What has the same name for both is one parameter, as it is one array.
        let common = body.declarations.count - body.parameters.count
        var names: [Buffer: String] = [:]
        for (parameter, name) in zip(stepBody.parameters, stepBody.names.dropFirst(common)) {
            if case .buffer(let id) = parameter { names[step.program.buffers[id.number]] = name }
        }
        var arguments = body.names.prefix(common).map { $0 == "ls_count" ? "1" : $0 }
        var own: [KernelText.Parameter] = []
        var declarations: [String] = []
        for (parameter, declaration) in zip(body.parameters, body.declarations.dropFirst(common)) {
            if case .buffer(let id) = parameter, let name = names[program.buffers[id.number]] {
                arguments.append(name)
                continue
            }
            let name = "ls_start_" + KernelWriter.Body.name(declaration)
            declarations.append(declaration.dropLast(KernelWriter.Body.name(declaration).count) + name)
            arguments.append(name)
            own.append(parameter)
        }
        start = KernelText.Start(kernel: nil, parameters: own)
        self.declarations = declarations
        function = body.before + writer.function("start", body) + "\n\n"
        call = "if (ls_count < 0) \(step.name)_start(get_global_id(0), \(arguments.joined(separator: ", ")));\n    else "
        (functions, carriedBytes, weight) = (writer.functions, writer.carriedBytes, writer.weight)
    }
}
