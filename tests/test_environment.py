"""pyproject.toml, constraints.txt, environment.yml and the Makefile say the same."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

EXTRAS = {"data", "train", "book", "test", "convert", "tensorboard", "dev", "all"}
PYTHONS = ("3.11.5", "3.12.0", "3.13.0")


@pytest.fixture(scope="module")
def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, Version]:
    lines = (root / "constraints.txt").read_text().splitlines()
    pinned = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin.name): Version(str(pin.specifier).removeprefix("==")) for pin in pinned}


@pytest.fixture(scope="module")
def conda(root: Path) -> dict:
    return yaml.safe_load((root / "environment.yml").read_text())


def requirements(project: dict) -> list[Requirement]:
    extras = project["optional-dependencies"].values()
    return [Requirement(text) for text in [*project["dependencies"], *(text for extra in extras for text in extra)]]


def torch_pin(root: Path) -> Requirement:
    match = re.search(r"^TORCH \?= (\S+)$", (root / "Makefile").read_text(), flags=re.MULTILINE)
    assert match
    return Requirement(match[1])


def test_core_dependencies_are_three(project: dict) -> None:
    assert [Requirement(text).name for text in project["dependencies"]] == ["torch", "numpy", "jaxtyping"]


def test_extras(project: dict) -> None:
    extras = project["optional-dependencies"]
    assert set(extras) >= EXTRAS
    (everything,) = map(Requirement, extras["all"])
    assert everything.extras == EXTRAS - {"all", "convert"}


def test_every_requirement_has_an_upper_bound_or_a_pin(project: dict, pins: dict[str, Version]) -> None:
    loose = []
    for requirement in requirements(project):
        bounded = any(clause.operator in ("<", "<=", "==", "~=") for clause in requirement.specifier)
        if not bounded and canonicalize_name(requirement.name) not in {*pins, "vatt-edu"}:
            loose.append(str(requirement))
    assert loose == []


def test_pins_satisfy_pyproject(project: dict, pins: dict[str, Version]) -> None:
    wrong = []
    for requirement in requirements(project):
        pin = pins.get(canonicalize_name(requirement.name))
        if pin is not None and pin not in requirement.specifier:
            wrong.append(f"{requirement} but {requirement.name}=={pin}")
    assert wrong == []


def test_torch_is_one_version_everywhere(root: Path, project: dict, conda: dict, pins: dict[str, Version]) -> None:
    pin = torch_pin(root)
    (version,) = (clause.version for clause in pin.specifier)
    (allowed,) = (Requirement(text) for text in project["dependencies"] if text.startswith("torch"))
    assert version in allowed.specifier
    assert str(pin) in conda["dependencies"][-1]["pip"]
    assert "torch" not in pins, "constraints.txt must leave torch to TORCH="


def test_conda_installs_what_make_installs(root: Path, project: dict, conda: dict) -> None:
    *packages, pip = conda["dependencies"]
    assert pip["pip"] == ["-c constraints.txt", str(torch_pin(root)), "-e .[all]"]
    python = next(text for text in packages if text.startswith("python"))
    for version in PYTHONS:
        assert version in SpecifierSet(python.removeprefix("python"))
        assert version in SpecifierSet(project["requires-python"])


def test_no_registry_is_named(root: Path) -> None:
    """Installs use the registries that pip and npm are configured for."""
    names = ["Makefile", "pyproject.toml", "constraints.txt", "environment.yml", ".ci/run"]
    named = re.compile(r"--(extra-)?index-url http|registry\s*=|resolved|pypi\.|npmjs")
    for path in [*(root / name for name in names), *(root / "tools").glob("*.py")]:
        assert not named.search(path.read_text()), path
