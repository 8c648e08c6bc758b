import Testing

@testable import LockstepRuntime

@Suite("OpenCL errors")
struct OpenCLErrorTests {
    @Test(
        arguments: [
            (0, "CL_SUCCESS"), (-5, "CL_OUT_OF_RESOURCES"), (-11, "CL_BUILD_PROGRAM_FAILURE"),
            (-30, "CL_INVALID_VALUE"), (-54, "CL_INVALID_WORK_GROUP_SIZE"), (-72, "CL_MAX_SIZE_RESTRICTION_EXCEEDED"),
            (-1001, "CL_PLATFORM_NOT_FOUND_KHR"),
        ] as [(Int32, String)])
    func codesHaveTheStandardsNames(code: Int32, name: String) {
        #expect(OpenCLErrorCode(rawValue: code).name == name)
        #expect(OpenCLErrorCode(rawValue: code).description == "\(name) (\(code))")
    }

    @Test func theStandardsTwoBlocksAreComplete() {
        for code in Array(-19 ... -1) + Array(-72 ... -30) {
            #expect(OpenCLErrorCode(rawValue: Int32(code)).name != nil, "no name for \(code)")
        }
    }

    /// What helps: less at a time, smaller groups, or nothing.
    @Test(
        arguments: [
            (-4, .memory), (-5, .memory), (-6, .memory), (-61, .memory), (-54, .group), (-55, .group), (-2, .lost), (-14, .lost),
            (-36, .lost), (-1121, .lost), (-9999, .lost), (0, .other), (-11, .other), (-30, .other), (-4242, .other),
        ] as [(Int32, OpenCLErrorCode.Kind)])
    func codesAreOfAKind(code: Int32, kind: OpenCLErrorCode.Kind) {
        let code = OpenCLErrorCode(rawValue: code)
        #expect(code.kind == kind)
        #expect(OpenCLError.callFailed(call: "clEnqueueNDRangeKernel", code: code, device: "", detail: "").kind == kind)
        if kind == .lost || kind == .memory { #expect(code.advice != nil) }
    }

    @Test func theSameCodeMeansAnotherThingAfterALaunch() {
        func kind(_ call: String) -> OpenCLErrorCode.Kind {
            OpenCLError.callFailed(call: call, code: .outOfResources, device: "", detail: "").kind
        }
        #expect(kind("clCreateBuffer") == .memory)
        #expect(kind("clEnqueueNDRangeKernel") == .memory)
        #expect(kind("clFinish") == .lost)
    }

    @Test func otherErrorsAreOfAKind() {
        func build(_ code: Int32, _ log: String) -> OpenCLErrorCode.Kind {
            OpenCLError.buildFailed(device: "", code: OpenCLErrorCode(rawValue: code), options: "", log: log).kind
        }
        #expect(build(-11, "ptxas error : Entry function 'k' uses too much shared data (0x10000 bytes, 0xc000 max)") == .memory)
        #expect(build(-5, "") == .memory)
        #expect(build(-11, "error: use of undeclared identifier 'x'") == .other)
        #expect(OpenCLError.allocationTooLarge(bytes: 2, limit: 1, device: "").kind == .memory)
        #expect(OpenCLError.misuse("no").kind == .other)
    }

    @Test func unknownCodesKeepTheirNumber() {
        #expect(OpenCLErrorCode(rawValue: -4242).name == nil)
        #expect(OpenCLErrorCode(rawValue: -4242).description == "unknown code (-4242)")
    }

    @Test func failedCallSaysWhichWhereAndWhatToDo() {
        let error = OpenCLError.callFailed(
            call: "clCreateBuffer", code: OpenCLErrorCode(rawValue: -4), device: "Some GPU",
            detail: "a buffer of 7 MiB")
        #expect(
            error.description == """
                clCreateBuffer failed on "Some GPU", a buffer of 7 MiB: CL_MEM_OBJECT_ALLOCATION_FAILURE (-4). \
                The device is out of memory: run fewer lanes at a time, or close other programs that use it.
                """)
    }

    @Test func tooLargeAllocationIsToldInMebibytes() {
        let error = OpenCLError.allocationTooLarge(bytes: (10 << 20) + 1, limit: 10 << 20, device: "Some GPU")
        #expect(
            error.description == """
                A buffer of 11 MiB is too large for "Some GPU", which allows 10 MiB in one buffer. \
                Run fewer lanes at a time.
                """)
    }

    @Test func failedBuildShowsDeviceOptionsAndLog() {
        let error = OpenCLError.buildFailed(
            device: "Some GPU", code: OpenCLErrorCode(rawValue: -11), options: "-DW=4", log: "line 3: no")
        #expect(
            error.description == """
                The OpenCL compiler of "Some GPU" refused a program built with options "-DW=4": \
                CL_BUILD_PROGRAM_FAILURE (-11). The compiler's log:
                line 3: no
                """)
    }

    @Test func absenceSaysWhatToInstall() {
        #expect(OpenCLStatus.noLoader(reason: "not found").description.contains("apt install"))
        #expect(OpenCLStatus.noPlatform(loader: "libOpenCL.so.1").description.contains("OCL_ICD_VENDORS"))
        #expect(OpenCLStatus.noDevice(skipped: ["Acme: broken"]).description.contains("Acme: broken"))
    }

    @Test(arguments: [
        ("OpenCL 1.2 pocl", 1, 2), ("OpenCL 3.0 CUDA 12.4.131", 3, 0), ("OpenCL 2.1", 2, 1),
        ("", 0, 0), ("OpenCL", 0, 0), ("OpenGL 4.6", 0, 0), ("OpenCL x.y", 0, 0),
    ])
    func versionsAreReadFromTheirText(text: String, major: Int, minor: Int) {
        #expect(OpenCLVersion(text) == OpenCLVersion(major: major, minor: minor))
    }

    @Test func versionsAreOrderedByNumber() {
        #expect(OpenCLVersion("OpenCL 1.10 x") > OpenCLVersion.needed)
        #expect(OpenCLVersion("OpenCL 1.1 x") < OpenCLVersion.needed)
    }
}
