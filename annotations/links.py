"""References between the parts of an annotation: unknown ones, circles, and ids that are given twice."""

from collections.abc import Collection, Iterable, Mapping

from annotations.mistakes import Path, Report

Link = tuple[str, Path]
"""The id that is referred to, and the path of the reference."""


def known(report: Report, links: Iterable[Link], ids: Collection[str], lost: set[str]) -> list[Link]:
    """The links that lead somewhere; the others are reported, unless they lead to a part that is `lost`."""
    found = []
    for target, path in links:
        if target in ids:
            found.append((target, path))
        elif not lost & {target, "quotes" if target.startswith("q") else "claims"}:
            report.add(path, "there is no quote or claim with this id", target, report.nearest(target, ids))
    return found


def unique(report: Report, ids: Iterable[Link]) -> None:
    """Report ids that were given before."""
    seen: set[str] = set()
    for id_, path in ids:
        if id_ in seen:
            report.add((*path, "id"), "this id is given twice", id_)
        seen.add(id_)


def acyclic(report: Report, parents: Mapping[str, Link], verb: str) -> None:
    """Report the circles, each once; `parents` leads from an id to the one that it hangs on."""
    done: set[str] = set()
    for start in parents:
        trail: dict[str, None] = {}
        at = start
        while at in parents and at not in done and at not in trail:
            trail[at] = None
            at = parents[at][0]
        if at in trail:
            circle = list(trail)[list(trail).index(at) :]
            path = parents[circle[-1]][1]
            if len(circle) == 1:
                report.add(path, f"'{at}' {verb} itself", at)
            else:
                report.add(path, f"a circle: {' → '.join([*circle, at][:20])}", at)
        done.update(trail)


def shallow(report: Report, parents: Mapping[str, Link], deepest: int) -> None:
    """Report ids with more ancestors than `deepest`; a circle, which has no end, was reported before."""
    for start, (_, path) in parents.items():
        at, depth = start, 0
        while at in parents and depth <= deepest:
            at, depth = parents[at][0], depth + 1
            if at == start:
                break
        else:
            if depth > deepest:
                report.add(path, f"stands within more than {deepest} others, one inside the other", start)
