"""Score an encode and say where it is worst: score.py REFERENCE DISTORTED."""

import sys

import vmaf_tiny

result = vmaf_tiny.score(*sys.argv[1:3])
print(f"{result.score:.2f}, 95 % of the frames above {result.pooled['vmaf']['p5']:.2f}")
for index, second, score in result.worst(3):
    print(f"frame {index} at {second:.2f} s: {score:.2f}")
for warning in result.warnings:
    print("warning:", warning)
