"""Builds the folder that all Lambda functions run from: our packages, what they need, and compiled code.

Run it by scripts/build-lambdas.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from scv_voicemail.settings import Settings

ROOT = Path(__file__).parents[1]
RUNTIME = "3.13"
PLATFORMS = {
    # Amazon Linux 2023, on which python3.13 runs, has glibc 2.34.
    "arm64": ("manylinux_2_34_aarch64", "manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
    "x86_64": ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
}
SOURCES = (ROOT / "connector" / "scv_voicemail", ROOT / "lambdas" / "scv_voicemail_lambdas")
LEFT_OUT = ("cli", "demo", "__main__.py", "settings_page.py", "__pycache__")
"""Of our own packages: what only a shell needs."""
ONLY_FOR_A_SHELL = ("rich", "typer")
"""Of our requirements: what only a shell needs."""

AWS_SERVICES = (
    "connect",
    "dynamodb",
    "kinesis-video-media",
    "kinesisvideo",
    "s3",
    "secretsmanager",
    "sqs",
    "ssm",
    "sso",
    "sso-oidc",
    "sts",
    "transcribe",
)
"""botocore describes 400 services in 25 MB, and looks through all of them; these are the ones we talk to."""

EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "1767225600"))
MEGABYTE = 1_000_000

EXAMPLE = """
example:
  scripts/build-lambdas && sam deploy --template-file lambdas/template.yaml --guided

What has no parameter in lambdas/template.yaml goes into a TOML file, named as in docs/settings.md:
  scripts/build-lambdas --config scv-voicemail.toml
"""


class BuildFailed(Exception):
    """The bundle could not be built; the message says why and what to do."""


def main() -> int:
    """The command; 0 is built, 1 failed."""
    parser = argparse.ArgumentParser(
        prog="scripts/build-lambdas",
        description=f"Builds {relative(ROOT / 'build' / 'lambdas')}, the code of all Lambda functions, always anew.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (TOML) to put into the bundle")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "lambdas", metavar="FOLDER", help="where to")
    parser.add_argument("--architecture", choices=sorted(PLATFORMS), default="arm64", help="arm64 is the template's")
    parser.add_argument("--here", action="store_true", help="for this machine and Python, to try it out")
    parser.add_argument("--require-pyc", action="store_true", help=f"fail when there is no Python {RUNTIME} to compile")
    options = parser.parse_args()
    try:
        build(options.out, architecture=options.architecture, config=options.config, here=options.here)
        compiled = compile_all(options.out, here=options.here)
    except BuildFailed as error:
        print(f"build-lambdas: {error}", file=sys.stderr)
        return 1
    settle(options.out)
    print(report(options.out))
    if not compiled:
        print(
            f"build-lambdas: there is no python{RUNTIME}, so nothing is compiled: the functions run, but each cold"
            f" start is about 0.3 s slower. Install it (`uv python install {RUNTIME}`, pyenv, your system) and"
            " build again.",
            file=sys.stderr,
        )
    return 1 if options.require_pyc and not compiled else 0


def build(out: Path, *, architecture: str = "arm64", config: Path | None = None, here: bool = False) -> None:
    """Fill a fresh folder; an old one is gone only when the new one is complete."""
    if config is not None:
        check_config(config)
    fresh = out.with_name(f"{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    install(fresh, () if here else PLATFORMS[architecture])
    for source in SOURCES:
        shutil.copytree(source, fresh / source.name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    if config is not None:
        shutil.copyfile(config, fresh / "scv-voicemail.toml")
    prune(fresh)
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)


def requirements() -> list[str]:
    """What the functions need: the project's own requirements and boto3, without those of the command line."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["aws"]]
    return [one for one in wanted if re.split(r"[^A-Za-z0-9_.-]", one)[0] not in ONLY_FOR_A_SHELL]


def install(target: Path, platforms: tuple[str, ...]) -> None:
    """Install the pinned requirements, as wheels only: nothing is compiled and no setup.py runs."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--target", str(target), "--only-binary=:all:", "-c", str(ROOT / "constraints.txt")]
    for platform in platforms:
        command += ["--platform", platform]
    if platforms:
        command += ["--python-version", RUNTIME, "--implementation", "cp"]
    done = subprocess.run([*command, *requirements()], check=False)
    if done.returncode != 0:
        raise BuildFailed("pip could not install the requirements; its reason stands above")


def check_config(config: Path) -> None:
    """Refuse secrets, which belong into Parameter Store or Secrets Manager, unknown names, and what is no TOML."""
    try:
        settings = tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BuildFailed(f"{config} cannot be used: {error}") from error
    if found := sorted({"private_key", "private_key_file", "oauth_key", "oauth_key_file"} & settings.keys()):
        raise BuildFailed(f"{config} has {', '.join(found)}: keys do not go into a bundle; see PrivateKeySource")
    if unknown := sorted(settings.keys() - Settings.model_fields.keys()):
        near = get_close_matches(unknown[0], Settings.model_fields, n=1)
        meant = f" (is {near[0]} meant?)" if near else ""
        raise BuildFailed(f"{config}: there is no setting {', '.join(unknown)}{meant}; docs/settings.md lists them")


def prune(folder: Path) -> None:
    """Take away what no function reads."""
    for name in ("bin", "share"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and (path.name in ("__pycache__", "tests") or path.suffix == ".dist-info"):
            shutil.rmtree(path)
        elif path.suffix in (".pyi", ".c", ".h", ".pxd", ".pyx", ".rng", ".xsl") and path.is_file():
            path.unlink()
    # Describes the Metadata API in 1.5 MB, with which we do not talk.
    folder.joinpath("simple_salesforce", "metadata.wsdl").unlink(missing_ok=True)
    data = folder / "botocore" / "data"
    kept = [one for one in data.iterdir() if one.is_dir() and one.name not in AWS_SERVICES]
    if missing := set(AWS_SERVICES) - {one.name for one in data.iterdir()}:
        raise BuildFailed(f"botocore does not know {', '.join(sorted(missing))}")
    for service in kept:
        shutil.rmtree(service)
    for resources in ("resources-1.json", "paginators-1.sdk-extras.json"):
        for path in folder.joinpath("boto3", "data").rglob(resources):
            path.unlink()


def compile_all(folder: Path, *, here: bool = False) -> bool:
    """Write .pyc files that are never checked against their source; False when there is no Python to do it.

    /var/task cannot be written to, so without them every cold start compiles everything again.
    """
    python = sys.executable if here else find_python()
    if python is None:
        return False
    command = [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    done = subprocess.run([*command, "-s", str(folder), "-p", "/var/task", str(folder)], check=False)
    if done.returncode != 0:
        raise BuildFailed("the code does not compile; the reason stands above")
    return True


def find_python(version: str = RUNTIME) -> str | None:
    """An interpreter of exactly this version: on the path, or where uv and pyenv keep theirs."""
    home = Path.home()
    candidates = [
        *filter(None, [shutil.which(f"python{version}")]),
        *sorted(home.glob(f".local/share/uv/python/cpython-{version}*/bin/python{version}")),
        *sorted(home.glob(f".pyenv/versions/{version}*/bin/python{version}")),
    ]
    for candidate in map(str, candidates):
        asked = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        if asked.returncode == 0 and asked.stdout.startswith(f"Python {version}."):
            return candidate
    return None


def settle(folder: Path) -> None:
    """The same times and rights on every machine, so that the same sources make the same archive."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.chmod(0o755 if path.is_dir() or path.suffix == ".so" else 0o644)
        os.utime(path, (EPOCH, EPOCH))
    os.utime(folder, (EPOCH, EPOCH))


def files(folder: Path) -> Iterator[Path]:
    """Every file, in the same order everywhere."""
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def digest(folder: Path) -> str:
    """SHA-256 of names and contents."""
    whole = hashlib.sha256()
    for path in files(folder):
        whole.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


def report(folder: Path, *, rows: int = 12) -> str:
    """How large it is, by package."""
    sizes: Counter[str] = Counter()
    for path in files(folder):
        sizes[path.relative_to(folder).parts[0]] += path.stat().st_size
    largest = sizes.most_common(rows)
    rest = sum(sizes.values()) - sum(size for _, size in largest)
    lines = [f"{name:<32}{size / MEGABYTE:8.1f} MB" for name, size in largest]
    lines += [f"{'everything else':<32}{rest / MEGABYTE:8.1f} MB", f"{'':-<43}"]
    lines += [f"{relative(folder)!s:<32}{sum(sizes.values()) / MEGABYTE:8.1f} MB", f"sha256 {digest(folder)}"]
    return "\n".join(lines)


def relative(path: Path) -> Path:
    """As a reader in the repository would write it."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


if __name__ == "__main__":
    began = time.monotonic()
    code = main()
    print(f"build-lambdas: {time.monotonic() - began:.0f} s", file=sys.stderr)
    sys.exit(code)
