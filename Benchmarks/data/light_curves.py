"""Writes light_curves.csv: 30 made-up objects whose flux rises, stays for a while and falls, with 10 to 60 rows each.

Usage: python3 light_curves.py > light_curves.csv
Only the standard library; one seed, so that the file is the same each time.
"""

import math
import random

OBJECTS = 30
DEGREES_OF_FREEDOM = 4


def student(source):
    """Student's t as a normal variate over the root of a mean of squares."""
    squares = sum(source.gauss(0, 1) ** 2 for _ in range(DEGREES_OF_FREEDOM))
    return source.gauss(0, 1) / math.sqrt(squares / DEGREES_OF_FREEDOM)


def flux(time, amplitude, start, rise, fall, plateau):
    since = time - start
    return amplitude / (1 + math.exp(-since / rise)) * math.exp(-max(since - plateau, 0) / fall)


def main():
    source = random.Random(20260601)
    rows = []
    for number in range(OBJECTS):
        truth = {
            "amplitude": math.exp(source.gauss(5, 0.7)),
            "start": 60000 + source.uniform(100, 400),
            "rise": math.exp(source.gauss(math.log(3), 0.3)),
            "fall": math.exp(source.gauss(math.log(20), 0.3)),
            "plateau": source.uniform(0, 15),
        }
        for _ in range(source.randint(10, 60)):
            time = truth["start"] + source.uniform(-30, 90)
            error = 0.03 * truth["amplitude"] * math.exp(source.gauss(0, 0.3))
            seen = flux(time, **truth) + error * student(source)
            rows.append((time, f"SN{number:02d}", seen, error))
    # As a survey writes them down: night after night, whatever the object.
    rows.sort()
    print("object_id,time,flux,flux_error")
    for time, name, seen, error in rows:
        print(f"{name},{time:.4f},{seen:.3f},{error:.3f}")


if __name__ == "__main__":
    main()
