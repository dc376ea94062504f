"""Copy the front-end files we serve from node_modules to config/static/vendor, and list them.

Files are taken minified, as published; only the pointer to a source map that we do not ship is
removed. `VENDOR.json` says what each file is, and tests/core/test_vendor.py checks the digests.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
TARGET = HERE.parents[1] / "config" / "static" / "vendor"
TOM_SELECT = "@tabler/core/dist/libs/tom-select/dist"
FILES = [
    ("@tabler/core", "@tabler/core/dist/css/tabler.min.css", "MIT"),
    ("@tabler/core", "@tabler/core/dist/js/tabler.min.js", "MIT"),
    ("tom-select", f"{TOM_SELECT}/css/tom-select.bootstrap5.min.css", "Apache-2.0"),
    ("tom-select", f"{TOM_SELECT}/js/tom-select.base.min.js", "Apache-2.0"),
    ("echarts", "echarts/dist/echarts.min.js", "Apache-2.0"),
]
LICENCES = [
    ("@tabler/icons", "@tabler/icons/LICENSE", "LICENSE-tabler-icons.txt"),
    ("echarts", "echarts/LICENSE", "LICENSE-echarts.txt"),
    ("echarts", "echarts/NOTICE", "NOTICE-echarts.txt"),
]
SOURCE_MAP = re.compile(rb"\n?//# sourceMappingURL=[^\n]*|/\*# sourceMappingURL=[^*]*\*/")


def version_of(package: str) -> str:
    """Return the version from the package, or from the script's head where Tabler bundles it."""
    manifest = MODULES / package / "package.json"
    if manifest.exists():
        return str(json.loads(manifest.read_text())["version"])
    head = (MODULES / TOM_SELECT / "js/tom-select.base.min.js").read_text()[:400]
    found = re.search(r"v(\d+\.\d+\.\d+)", head)
    if found is None:
        raise SystemExit(f"{package}: the file does not say its version.")
    return found.group(1)


def entry(name: str, version: str, file: str, licence: str, text: bytes) -> dict[str, str]:
    (TARGET / file).write_bytes(text)
    digest = hashlib.sha256(text).hexdigest()
    return {"name": name, "version": version, "file": file, "licence": licence, "sha256": digest}


def symbol(name: str) -> str:
    """Return one icon as a symbol; stroke and size come from the place of use."""
    drawing = (MODULES / "@tabler/icons/icons/outline" / f"{name}.svg").read_text()
    paths = [p for p in re.findall(r"<path[^>]*/>", drawing) if 'stroke="none"' not in p]
    return f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(paths)}</symbol>'


def sprite() -> bytes:
    lines = (HERE / "icons.txt").read_text().splitlines()
    names = sorted({line for line in lines if line and not line.startswith("#")})
    symbols = "\n".join(symbol(name) for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'.encode()


def main() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    entries = []
    for package, source, licence in FILES:
        text = SOURCE_MAP.sub(b"", (MODULES / source).read_bytes())
        entries.append(entry(package, version_of(package), Path(source).name, licence, text))
    icons = version_of("@tabler/icons")
    entries.append(entry("@tabler/icons", icons, "icons.svg", "MIT", sprite()))
    for package, source, file in LICENCES:
        text = (MODULES / source).read_bytes()
        entries.append(entry(package, version_of(package), file, "the licence itself", text))
    (TARGET / "VENDOR.json").write_text(json.dumps(entries, indent=2) + "\n")


if __name__ == "__main__":
    main()
