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
