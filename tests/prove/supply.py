"""List what the package brings along, as CycloneDX has it: FILE. Prints how much that is.

The list is made by cyclonedx-bom, from an environment that has the package and what it needs to
run, and no more.
"""

import json
import shutil
import sys
from pathlib import Path

import steps
from steps import ROOT


def run(*command: str | Path) -> str:
    return steps.run(*command, environment=steps.with_tools())


def main() -> int:
    """Make the environments, the list and the count."""
    out = Path(sys.argv[1]).resolve()
    work = out.parent / "supply"
    shutil.rmtree(work, ignore_errors=True)
    tool, package = work / "tool", work / "package"
    for home in (tool, package):
        run(sys.executable, "-m", "venv", home)
    pip = ("-m", "pip", "--disable-pip-version-check", "install", "-q")
    run(tool / "bin/python", *pip, "cyclonedx-bom")
    run(package / "bin/python", *pip, ".")
    run(package / "bin/python", "-m", "pip", "uninstall", "-q", "-y", "pip", "setuptools")
    run(
        tool / "bin/cyclonedx-py", "environment", package / "bin/python", "--pyproject",
        ROOT / "pyproject.toml", "--output-reproducible", "--of", "JSON", "-o", out,
    )  # fmt: skip
    found = json.loads(out.read_text())
    names = sorted(f"{c['name']} {c.get('version', '?')}" for c in found["components"])
    for name in names:
        print(name)
    print(f"{len(names)} packages in {out.name}, CycloneDX {found['specVersion']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
