"""The pinned requirements, resolved for every platform the README names, as far as resolving can show it."""

import os
import re
import subprocess

import pytest

from clones import PROJECT

PLATFORMS = {"Linux x86-64 and WSL2": "x86_64-manylinux_2_28", "Linux arm64": "aarch64-manylinux_2_28",
             "macOS 14, Apple silicon": "aarch64-apple-darwin"}


def resolve(text: str, platform: str) -> subprocess.CompletedProcess:
    command = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate",
               "--only-binary", ":all:", "--no-binary", "antlr4-python3-runtime",
               "--python-version", "3.11", "--python-platform", platform, "-"]
    return subprocess.run(command, input=text, cwd=PROJECT, env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"},
                          capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)
def test_requirements_resolve_without_cuda(platform):
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    # pyspark is pure Python, without a wheel, and half a gigabyte to build
    done = resolve("\n".join(line for line in lines if not line.startswith("pyspark==")), platform)
    assert done.returncode == 0, done.stderr
    packages = re.findall(r"^([\w.-]+)==", done.stdout, re.M)
    assert len(packages) > 200
    assert [package for package in packages if package.startswith(("nvidia", "cuda", "triton"))] == []


def test_cuda_would_be_seen():
    assert "nvidia-nccl-cu12" in resolve("xgboost==3.2.0", PLATFORMS["Linux x86-64 and WSL2"]).stdout


def test_every_requirement_is_pinned_and_names_no_address():
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==[\w.!]+( ; .+)?", line) for line in lines)


def test_every_action_is_pinned_by_its_commit():
    used = [line.split("uses:")[1].split("#")[0].strip() for file in (PROJECT / ".github/workflows").glob("*.yml")
            for line in file.read_text().splitlines() if "uses:" in line]
    assert len(used) > 5 and [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []
