"""The library exports what the public header declares and nothing else: HEADER LIBRARY."""

import re
import subprocess
import sys
from pathlib import Path

header, library = sys.argv[1:]
declared = set(re.findall(r"^VMT_API .*?(\w+)\(", Path(header).read_text(), re.M))
symbols = subprocess.check_output(["nm", "-D", "--defined-only", library], text=True)
exported = {line.split()[-1] for line in symbols.splitlines()}
if declared != exported:
    sys.exit(f"not declared: {exported - declared}; not exported: {declared - exported}")
print(f"{len(exported)} functions")
