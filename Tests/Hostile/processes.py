"""Makes each call of the program `hostile` in a process of its own.

Usage: python3 processes.py PROGRAM [--device cpu|opencl]... [NUMBER ...]
Without numbers, as many calls as LOCKSTEP_TEST_LEVEL says: small, medium (the default) or full, which is all of them.
A signal, another exit code than 0 and more than 10 s are failures: of processor time, as the machine may be busy, where a
call that only waits may do so for a minute. What was late beside another has a second try alone.
"""

import argparse
import concurrent.futures
import os
import resource
import signal
import subprocess
import sys

SECONDS = 10
WAITING = 60
AT_A_TIME = 2
LATE = f"more than {WAITING} s"
# Of address space: more than any of these calls needs, less than what would hurt the machine.
BYTES = 16 << 30
COUNTS = {"small": 20, "medium": 100, "full": None}


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))  # SIGXCPU


def failure(program, number, device):
    """What went wrong with a call; None when nothing did."""
    try:
        done = subprocess.run(
            [program, str(number), device], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=WAITING, preexec_fn=limit,
            errors="replace", env=os.environ | {"SWIFT_BACKTRACE": "enable=no"})
    except subprocess.TimeoutExpired as late:
        return f"{LATE}: {(late.output or b'').decode(errors='replace').strip()}"
    if done.returncode == 0:
        return None
    cause = f"exit code {done.returncode}"
    if done.returncode < 0:
        cause = signal.Signals(-done.returncode).name
    lines = done.stdout.strip().splitlines()
    told = [line for line in lines[1:] if "atal error" in line or "error" in line][:3] or lines[1:3]
    return f"{cause}: {lines[0] if lines else ''} {' '.join(told)}"[:600]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--device", action="append", choices=["cpu", "opencl"])
    parser.add_argument("numbers", nargs="*", type=int)
    options = parser.parse_intermixed_args()
    total = int(subprocess.run([options.program, "count"], stdout=subprocess.PIPE, check=True).stdout)
    wanted = COUNTS[os.environ.get("LOCKSTEP_TEST_LEVEL", "medium")] or total
    if total < 1000:
        print(f"there are {total} calls only; there must be 1,000")
        return 1
    # Spread evenly, so that all types of the interface have some.
    numbers = options.numbers or sorted({place * total // wanted for place in range(wanted)})
    calls = [(number, device) for device in options.device or ["cpu", "opencl"] for number in numbers]
    failed, late = 0, []

    def judge(number, device, problem):
        nonlocal failed
        if problem:
            failed += 1
            print(f"hostile {number} {device}: {problem}", flush=True)

    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        results = pool.map(lambda call: failure(options.program, *call), calls)
        for call, problem in zip(calls, results):
            if problem and problem.startswith(LATE):
                print(f"hostile {call[0]} {call[1]}: late; once more at the end", flush=True)
                late.append(call)
            else:
                judge(*call, problem)
    for call in late:
        judge(*call, failure(options.program, *call))
    print(f"{len(calls) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
