"""What is shipped: the wheel that the Dockerfile builds, installed as it says, far from the source tree.

An editable install hides a file that the package forgot; this one does not.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import dockerfile
from tests.dockerfile import SOURCE, Image
from tests.postgres import free_port
from tests.serving import environment, serving

PACKAGES = ("annotations", "api", "migrations", "models", "seeds")
NOBODY = 65534
# The image runs without rights; a test run as root gives them up in the same way. Through `env`, because
# setpriv itself still has the capabilities of root while it looks for the program.
DROP = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", "env"]
DEMOTE = DROP if os.geteuid() == 0 else []


def python_for_all() -> Path:
    """A Python that an account without rights may run too: a version manager below /root is nobody else's."""
    check = ["-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"]
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        command = [*DEMOTE, str(Path(python).resolve()), *check]
        if subprocess.run(command, cwd="/", capture_output=True, check=False).returncode == 0:
            return Path(python).resolve()
    pytest.skip("no Python 3.11 with venv that an unprivileged account may run (Debian: python3-venv)")


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    # Not below pytest's own folder, which is closed to other accounts.
    root = Path(tempfile.mkdtemp(prefix="onrecord-image-"))
    try:
        root.chmod(0o755)
        built = dockerfile.build(root, python_for_all(), environment())
        (root / "data").chmod(0o700)
        if DEMOTE:
            os.chown(root / "data", NOBODY, NOBODY)
        yield built
    finally:
        shutil.rmtree(root)


def call(image: Image, *command: str, **settings: str) -> str:
    env = image.env | settings
    done = subprocess.run(
        [*DEMOTE, *command], cwd=image.folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_wheel_holds_every_file_of_the_packages(image: Image) -> None:
    (wheel,) = (image.root / "wheels").glob("*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", *PACKAGES], cwd=SOURCE, capture_output=True, text=True, check=False
    ).stdout.split()
    assert tracked, "run in a checkout"
    assert {path for path in tracked if (SOURCE / path).exists()} <= shipped
    assert {Path(path).name for path in shipped if ".dist-info/licenses/" in path} == {"LICENSE", "NOTICE"}


def test_the_command_runs_without_the_source(image: Image) -> None:
    assert "serve" in call(image, "onrecord", "--help")
    where = call(image, "python", "-c", "import api, migrations; print(api.__file__, migrations.__file__)")
    assert str(SOURCE) not in where


def test_migrates_a_new_database(image: Image) -> None:
    path = image.root / "data" / "new.sqlite"
    call(image, "onrecord", "migrate", ONRECORD_DATABASE_URL=f"sqlite:///{path}")
    assert path.stat().st_size > 0


def test_the_image_serves_without_rights(image: Image) -> None:
    assert image.user.split(":")[0] not in ("root", "0")
    port = free_port()
    stand_in = {"0.0.0.0": "127.0.0.1", "8000": str(port)}
    command = [*DEMOTE, *(stand_in.get(word, word) for word in image.command)]
    with serving(command, port, folder=image.root / "data", env=image.env) as client:
        assert client.get("/v1/record").raise_for_status().json()
        assert "text/html" in client.get("/docs").raise_for_status().headers["content-type"]
        assert client.get("/v1/quotes").raise_for_status().json()["results"], "the seed was not shipped"
        call(image, *(word.replace(":8000/", f":{port}/") for word in image.probe))


def test_the_build_gets_what_it_copies() -> None:
    admitted = {line[1:] for line in (SOURCE / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    copies = (rest.split()[:-1] for step, rest in dockerfile.steps(SOURCE / "Dockerfile") if step == "COPY")
    wanted = {source for sources in copies for source in sources if not sources[0].startswith("--from")}
    assert wanted == admitted
