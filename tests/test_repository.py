"""Is what lies around the code still true?  The two commands, the locks, the image, the pages for maintainers."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHELL_SCRIPTS = ["run", "test", "lock", ".ci/run"]
LOCKS = ["requirements.txt", "requirements-dev.txt"]
ENOUGH = 600  # lines of Python that one file may have before it holds two ideas


@cache
def files() -> list[str]:
    """List the files of the repository; without git, as in an unpacked archive, what is not ignored."""
    git = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if git.returncode == 0:
        return [name for name in git.stdout.split("\0") if name and (ROOT / name).is_file()]
    ignored = {line.rstrip("/") for line in read(".gitignore").split()} | {".git"}
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [str(path) for path in found if not ignored & set(path.parts) and path.suffix != ".pyc"]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def texts(*endings: str) -> dict[str, str]:
    """Return the files that people write: not pictures, and neither built nor copied from elsewhere."""
    found = {}
    for name in files():
        if name.endswith(endings or "") and not name.startswith("static/") and not name.endswith(".json"):
            try:
                found[name] = read(name)
            except UnicodeDecodeError:
                continue
    return found


def project() -> dict:
    return tomllib.loads(read("pyproject.toml"))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> set[str]:
    return {normal(name) for name in re.findall(r"^([\w.-]+)==", read(lock), re.MULTILINE)}


def wanted(requirements: list[str]) -> set[str]:
    return {normal(re.match(r"[\w.-]+", requirement)[0]) for requirement in requirements}


@pytest.mark.parametrize("script", SHELL_SCRIPTS)
def test_a_command_is_executable_and_portable_shell(script):
    first_line = read(script).splitlines()[0]

    syntax = subprocess.run(["sh", "-n", script], cwd=ROOT, capture_output=True, text=True, check=False)

    assert first_line == "#!/bin/sh"
    assert (ROOT / script).stat().st_mode & 0o111
    assert syntax.returncode == 0, syntax.stderr


def test_the_first_screen_of_the_readme_names_both_commands():
    first_screen = "\n".join(read("README.md").splitlines()[:40])

    assert "./run\n" in first_screen
    assert "./test\n" in first_screen


def test_whatever_the_readme_points_at_is_there():
    pages = [name for name in files() if name.endswith(".md")]

    missing = [
        f"{page}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)", read(page))
        if "://" not in target
        and not target.startswith("mailto:")
        and not (ROOT / page).parent.joinpath(target).exists()
    ]

    assert missing == []


def test_ci_runs_the_command_of_the_readme():
    assert read(".ci/run").rstrip().endswith("exec ./test")
    assert "run: bash .ci/run" in read(".github/workflows/ci.yml")


def test_ci_compose_and_the_page_for_production_name_the_same_postgresql():
    named = {
        ".github/workflows/ci.yml": re.findall(r"image: postgres:(\d+)", read(".github/workflows/ci.yml")),
        "docker-compose.yml": re.findall(r"image: postgres:(\d+)", read("docker-compose.yml")),
        "deploy/README.md": re.findall(r"PostgreSQL (\d+)", read("deploy/README.md")),
    }

    assert all(named.values()), named
    assert len({version for versions in named.values() for version in versions}) == 1, named


def test_ci_and_compose_name_the_same_redis():
    assert re.findall(r"image: redis:(\d+)", read(".github/workflows/ci.yml")) == re.findall(
        r"image: redis:(\d+)", read("docker-compose.yml")
    )


def test_every_dependency_says_what_it_is_for():
    lines = [line for line in read("pyproject.toml").splitlines() if re.match(r'\s+"[\w.-]+(\[[\w,]+\])?(==|>=)', line)]

    assert len(lines) == len(project()["project"]["dependencies"]) + len(project()["dependency-groups"]["dev"])
    assert [line for line in lines if not re.search(r'",\s+# \S', line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_each_locked_package_is_pinned_and_hashed_and_from_no_named_registry(lock):
    entries = re.sub(r"\\\n\s*", "", read(lock)).splitlines()
    packages = [entry for entry in entries if entry and not entry.startswith("#")]

    assert packages
    assert [
        package for package in packages if not re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+ .*--hash=sha256:", package)
    ] == []
    assert "://" not in read(lock)
    assert "--index-url" not in read(lock)


def test_the_locks_hold_what_the_project_names():
    run = wanted(project()["project"]["dependencies"])
    dev = wanted(project()["dependency-groups"]["dev"])

    assert run <= locked("requirements.txt")
    assert run | dev <= locked("requirements-dev.txt")
    assert not (dev - run) & locked("requirements.txt")


def test_tests_run_on_the_versions_that_production_runs():
    pins = [set(re.findall(r"^([\w.-]+==[\w.!+]+)", read(lock), re.MULTILINE)) for lock in LOCKS]

    assert pins[0] <= pins[1]


def test_no_file_puts_off_work():
    put_off = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

    found = [name for name, text in texts().items() if put_off.search(text) and name != "tests/test_repository.py"]

    assert found == []


def test_no_file_knows_the_machine_it_was_written_on():
    # Homes, work folders and registries of one machine; a setting or a path in a container is none.
    machine = re.compile(r"(?<![\w.])/(?:home|Users|work|root|mnt)/\w|\b(?:pypi|registry|npm|mirror)[\w-]*\.[\w.-]+/")

    found = [
        f"{name}: {match[0]}"
        for name, text in texts().items()
        if name != "tests/test_repository.py" and (match := machine.search(text))
    ]

    assert found == []


def test_no_file_of_python_is_too_long_to_read():
    lengths = {name: len(text.splitlines()) for name, text in texts(".py").items() if "/migrations/" not in name}

    assert {name: length for name, length in lengths.items() if length > ENOUGH} == {}


def test_every_file_ends_with_one_newline_and_no_line_with_a_space():
    untidy = [
        name
        for name, text in texts().items()
        if text and (not text.endswith("\n") or text.endswith("\n\n") or re.search(r"[ \t]\n|\r", text))
    ]

    assert untidy == []


def test_nothing_large_or_built_is_committed():
    large = [name for name in files() if (ROOT / name).stat().st_size > 500_000]
    built = [name for name in files() if re.search(r"(^|/)(node_modules|__pycache__|var|\.venv|staticfiles)/", name)]

    assert large == []
    assert built == []


def test_the_image_runs_as_a_numbered_user_and_serves_with_the_shared_settings():
    lines = read("Dockerfile").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]

    assert users
    assert all(user.isdecimal() and user != "0" for user in users)
    assert lines.index(f"USER {users[-1]}") < next(n for n, line in enumerate(lines) if line.startswith("CMD "))
    assert "deploy/gunicorn.conf.py" in lines[-1]


def test_the_image_holds_every_package_of_the_project():
    copied = set(re.findall(r"^COPY (\S+) ", read("Dockerfile"), re.MULTILINE))
    sent = set(re.findall(r"^!(\S+)", read(".dockerignore"), re.MULTILINE))
    packages = set(project()["tool"]["importlinter"]["root_packages"])

    assert packages | {"templates", "static", "manage.py", "requirements.txt"} <= copied
    assert copied == sent


def test_the_image_is_production_unless_somebody_says_otherwise():
    assert re.search(r"^ENV .*\bPORTAL_MODE=production\b", read("Dockerfile"), re.MULTILINE)


@pytest.mark.slow
def test_the_image_can_collect_its_static_files_with_what_it_holds_and_sets(tmp_path):
    """What the image does while it is built, with the files that it copies and the environment that it sets."""
    dockerfile = re.sub(r"\\\n\s*", "", read("Dockerfile"))
    for source, target in re.findall(r"^COPY (\S+) (\S+)$", dockerfile, re.MULTILINE):
        to = tmp_path / target / Path(source).name if target.endswith("/") else tmp_path / target
        to.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / source).is_dir() else shutil.copy)(ROOT / source, to)
    environment = dict(re.findall(r"(\w+)=(\S+)", " ".join(re.findall(r"^ENV (.+)$", dockerfile, re.MULTILINE))))
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    (command,) = [line for line in re.findall(r"^RUN (.+)$", dockerfile, re.MULTILINE) if "collectstatic" in line]

    ran = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "staticfiles" / "staticfiles.json").exists()


def test_the_page_for_production_names_every_setting_of_the_environment():
    source = read("portal/settings.py") + read("deploy/gunicorn.conf.py")
    names = set(re.findall(r'(?:env\.\w+|required|environ\.get)\(\s*"([A-Z_]+)"', source)) - {"PORT"}
    # env.db_url reads DATABASE_URL and env.email_url EMAIL_URL: both are caught by the same pattern.
    described = set(re.findall(r"^\| `([A-Z_]+)`", read("deploy/README.md"), re.MULTILINE))

    assert names == described


def test_the_chart_gives_every_required_setting():
    chart = "".join(text for name, text in texts().items() if name.startswith("deploy/helm/"))
    required = re.findall(r"^\| `([A-Z_]+)` \| yes", read("deploy/README.md"), re.MULTILINE)

    assert required
    assert [name for name in required if name not in chart] == []
