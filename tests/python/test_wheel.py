"""The wheel, as users get it: what it contains, and that it scores from anywhere."""

import os
import site
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import clips

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def run(*command, cwd, **options):
    """Run a command without anything in its environment that could find the sources."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "VMAF_TINY", "VIRTUAL_ENV", "DESTDIR", "MESON"))
    }
    # The build is not isolated, so its tools are those beside this Python.
    environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd, env=environment, capture_output=True, text=True, **options,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    place = f"--config-settings=build-dir={folder / 'build'}"
    options = ("--no-deps", "--no-build-isolation", place)
    run(*pip, "wheel", ROOT, *options, "-w", folder, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """A Python of its own that has the wheel, and our packages for what the wheel needs."""
    home = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", home, cwd=home)
    python = home / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=home)
    (own,) = home.glob("lib/python*/site-packages")
    # A folder named in a .pth file comes after the environment's own, and its .pth files, such as
    # that of an editable install, are not read.
    (own / "outer.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return python


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two files: a moving texture, and the same coarsely encoded."""
    folder = tmp_path_factory.mktemp("clip")
    reference = clips.write(folder / "reference.mkv", clips.planes(8))
    return reference, clips.write(folder / "distorted.mp4", clips.planes(8), options={"qp": "48"})


def test_wheel_has_what_belongs_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    packages = ROOT / "python"
    sources = {
        str(path.relative_to(packages))
        for name in ("vmaf_tiny", "vmaf_train")
        for path in (packages / name).rglob("*")
        if path.suffix in (".py", ".pyi", ".toml", ".json", ".html", ".css", ".js")
        or path.name == "py.typed"
    }
    models = {
        f"vmaf_tiny/model/{path.relative_to(ROOT / 'model' / 'tiny')}"
        for path in (ROOT / "model" / "tiny").rglob("*")
        if path.is_file()
    }
    assert {"vmaf_tiny/model/registry.json", "vmaf_tiny/model/vmaf_tiny_v2.onnx"} <= models
    native = {f"vmaf_tiny/_native{sysconfig.get_config_var('EXT_SUFFIX')}"}
    (info,) = {name.split("/")[0] for name in names if ".dist-info/" in name}
    metadata = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    assert names == sources | models | native | metadata | {f"{info}/licenses/LICENSE"}


def test_installed_package_is_the_wheels_own(python, tmp_path):
    place = run(python, "-c", "import vmaf_tiny; print(vmaf_tiny.__file__)", cwd=tmp_path)
    assert Path(place).is_relative_to(python.parents[1])
    model = run(python, "-c", "import vmaf_tiny; print(vmaf_tiny.Model().info.path)", cwd=tmp_path)
    assert Path(model).is_relative_to(python.parents[1])


def test_installed_command_scores_from_another_folder(python, clip, tmp_path):
    command = python.with_name("vmaf-tiny")
    reference, distorted = clip
    score = float(run(command, "-q", reference, distorted, cwd=tmp_path))
    assert 0 < score < 95
    assert float(run(command, "-q", reference, reference, cwd=tmp_path)) > score
    code = f"import vmaf_tiny; print(vmaf_tiny.score({str(reference)!r}, {str(distorted)!r}).score)"
    assert float(run(python, "-c", code, cwd=tmp_path)) == pytest.approx(score, abs=1e-6)
    assert "vmaf_tiny_v2" in run(command, "models", cwd=tmp_path)
    assert "Scoring works" in run(command, "doctor", cwd=tmp_path)
    assert run(command, "--version", cwd=tmp_path) == run(
        python, "-c", "import vmaf_tiny; print(vmaf_tiny.__version__)", cwd=tmp_path
    )
    assert list(tmp_path.iterdir()) == []


def test_installed_factory_checks_the_models_that_came_with_it(python, tmp_path):
    code = "from pathlib import Path; import vmaf_tiny; print(Path(vmaf_tiny.__file__).parent)"
    package = Path(run(python, "-c", code, cwd=tmp_path).strip())
    command = python.with_name("vmaf-train")
    run(command, "registry", "check", package / "model" / "registry.json", cwd=tmp_path)
    assert "quantize-int8" in run(command, "--help", cwd=tmp_path)
