"""Score encodes of one source side by side: compare_encodes.py REFERENCE DISTORTED ..."""

import sys
from pathlib import Path

import vmaf_tiny

reference, *encodes = sys.argv[1:]
print(f"{'encode':30} {'MB':>8} {'VMAF':>7} {'5 %':>7}")
for encode in encodes:
    pooled = vmaf_tiny.score(reference, encode).pooled["vmaf"]
    size = Path(encode).stat().st_size / 1e6
    print(f"{Path(encode).name:30} {size:8.2f} {pooled['mean']:7.2f} {pooled['p5']:7.2f}")
