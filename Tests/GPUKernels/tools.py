"""The compilers, where they can be installed: NVIDIA's from PyPI, clang for AMD from Debian."""

import ctypes
import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv-gpu"
# The table holds for these: what they make of a text changes from version to version.
NVIDIA = {
    "nvidia-cuda-nvrtc-cu12": "12.9.86",
    "nvidia-cuda-nvcc-cu12": "12.9.86",
    "nvidia-cuda-cuobjdump": "13.5.37",
    "nvidia-cuda-nvdisasm": "13.5.37",
}
CLANG = "clang-19"


class LeftOut(Exception):
    """A compiler that cannot be had here, with the reason."""


def run(*command, env=None):
    """The outcome of a program; what it says on failure is the reader's."""
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, env=env)


def last_line(outcome):
    lines = (outcome.stderr + outcome.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit code {outcome.returncode}"


class Nvidia:
    """NVRTC, ptxas and cuobjdump below `.venv-gpu`, installed once."""

    def __init__(self):
        stamp = VENV / "installed"
        wanted = "\n".join(f"{name}=={version}" for name, version in NVIDIA.items())
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(VENV, ignore_errors=True)
            for command in [[sys.executable, "-m", "venv", VENV], [VENV / "bin/python", "-m", "pip", "install", "--quiet", *wanted.split("\n")]]:
                outcome = run(*command)
                if outcome.returncode:
                    shutil.rmtree(VENV, ignore_errors=True)
                    raise LeftOut(f"NVIDIA's compiler cannot be installed from PyPI: {last_line(outcome)}")
            stamp.write_text(wanted)
        self.ptxas = self.find("bin/ptxas")
        self.cuobjdump = self.find("bin/cuobjdump")
        self.nvdisasm = self.find("bin/nvdisasm")
        self.library = self.find("lib/libnvrtc.so.*")
        path = f"{self.nvdisasm.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        self.environment = dict(os.environ, PATH=path)
        self.version = " ".join(sorted(f"{name.removeprefix('nvidia-cuda-')} {version}" for name, version in NVIDIA.items()))

    @staticmethod
    def find(pattern):
        found = sorted(glob.glob(str(VENV / "lib/python*/site-packages/nvidia/*" / pattern)))
        if not found:
            raise LeftOut(f"NVIDIA's packages have no {pattern}")
        return Path(found[0])

    def ptx(self, text):
        """PTX of CUDA C++, or the compiler's complaint."""
        library = ctypes.CDLL(str(self.library))
        program = ctypes.c_void_p()
        options = [b"-arch=compute_90", b"-default-device", b"-prec-div=false", b"-prec-sqrt=false", b"-fmad=true", b"-w", b"-lineinfo"]
        library.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"kernel.cu", 0, None, None)
        code = library.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
        part = "ProgramLog" if code else "PTX"
        size = ctypes.c_size_t()
        getattr(library, f"nvrtcGet{part}Size")(program, ctypes.byref(size))
        answer = ctypes.create_string_buffer(max(size.value, 1))
        getattr(library, f"nvrtcGet{part}")(program, answer)
        library.nvrtcDestroyProgram(ctypes.byref(program))
        return (None, answer.value.decode()) if code else (answer.value.decode(), "")


class Clang:
    """clang and the library of OpenCL's functions, of the distribution."""

    def __init__(self):
        if not shutil.which(CLANG) or not self.bitcode():
            outcome = run(ROOT / "Tests/setup", "--gpu-kernels")
            if outcome.returncode or not shutil.which(CLANG) or not self.bitcode():
                raise LeftOut(f"{CLANG} and libclc-19 cannot be installed: {last_line(outcome)}")
        self.version = run(CLANG, "--version").stdout.splitlines()[0]

    @staticmethod
    def bitcode():
        return next((path for path in ["/usr/lib/clc/amdgcn--amdhsa.bc"] if os.path.exists(path)), None)

    def assembly(self, source, target):
        """The path of the assembly that is made of a file, or the compiler's complaint."""
        result = source.with_suffix(f".{target}.s")
        outcome = run(
            CLANG, "-x", "cl", "-cl-std=CL1.2", "-w", "-Xclang", "-finclude-default-header", "-target", "amdgcn-amd-amdhsa",
            f"-mcpu={target}", "-O3", "-nogpulib", "-Xclang", "-mlink-builtin-bitcode", "-Xclang", self.bitcode(),
            "-S", "-o", result, source)
        return (None, outcome.stderr) if outcome.returncode else (result.read_text(), "")
