"""The Dockerfile carried out by hand, so that its steps are tested where no container engine runs.

Each absolute path that the file makes (`/source`, `/onrecord`, …) becomes a folder below one temporary root.
What needs an engine is left out: the base image, the accounts that the last stage adds, the network.
"""

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).parent.parent
# The image's own folders; everything else in a command belongs to the base image.
MADE = re.compile(r"(?<![\w.-])/(source|onrecord|build|wheels|data)(?=[/\s:\"']|$)")
ACCOUNTS = ("groupadd", "useradd", "install")


@dataclass
class Image:
    """What the steps left: the folder that stands for `/`, and how the image says to run and to probe it."""

    root: Path
    python: Path
    env: dict[str, str]
    folder: Path = Path("/")
    user: str = "root"
    command: list[str] = field(default_factory=list)
    probe: list[str] = field(default_factory=list)

    def here(self, text: str) -> str:
        return MADE.sub(lambda found: f"{self.root}/{found[1]}", text)

    def arguments(self, text: str) -> list[str]:
        words: list[str] = json.loads(text)
        return [self.here(word) for word in words]


def steps(path: Path) -> list[tuple[str, str]]:
    """`(instruction, rest)` in order, continued lines joined."""
    joined = re.sub(r"\\\n", " ", path.read_text())
    lines = [line.strip() for line in joined.splitlines()]
    return [
        (line.split()[0], line.split(maxsplit=1)[1]) for line in lines if line and not line.startswith("#")
    ]


def build(root: Path, python: Path, env: dict[str, str]) -> Image:
    image = Image(root, python, env)
    for instruction, rest in steps(SOURCE / "Dockerfile"):
        carry_out(image, instruction, rest)
    return image


def carry_out(image: Image, instruction: str, rest: str) -> None:
    match instruction:
        case "FROM":
            image.folder = image.root
        case "WORKDIR":
            image.folder = Path(image.here(rest))
            image.folder.mkdir(exist_ok=True)
        case "COPY":
            _copy(image, rest)
        case "RUN" if not rest.startswith(ACCOUNTS):
            # `python` is the base image's until a stage has an environment of its own on its path.
            command = re.sub(r"(^|&& )python ", rf"\1{shlex.quote(str(image.python))} ", image.here(rest))
            subprocess.run(["sh", "-euc", command], cwd=image.folder, env=image.env, check=True)
        case "ENV":
            pairs = (word.split("=", 1) for word in shlex.split(rest))
            image.env |= {name: image.here(value) for name, value in pairs}
        case "USER":
            image.user = rest
        case "HEALTHCHECK":
            image.probe = image.arguments(rest.split(" CMD ", 1)[1])
        case "CMD":
            image.command = image.arguments(rest)
        case "RUN" | "VOLUME" | "EXPOSE":
            pass
        case _:
            raise AssertionError(f"teach {__name__} the instruction {instruction}")


def _copy(image: Image, rest: str) -> None:
    if rest.startswith("--from="):  # one root stands for both stages
        return
    *sources, target = rest.split()
    for source in sources:
        origin, goal = SOURCE / source, image.folder / target
        if origin.is_dir():
            shutil.copytree(origin, goal, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, goal)
