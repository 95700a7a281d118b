# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exchanges under a run's hands, by somebody who may write where it works.

The run stops at a call; a directory or a file of the tree is moved away, a link to a victim's
takes its place, or one is planted where a file is about to be made; the run goes on. Then

- what the victim has, and all else that nobody named, is as it was, to the byte and mode;
- where the status is 0, what the run says it did is done, where the file is by now;
- when everything has been put back, `recover` leaves all old or all new, and nothing else.

A PATH itself is resolved once, when it is first opened: before that whoever may exchange it
may say what is meant, afterwards no more. Below it a link is never followed.
"""

import dataclasses
import json
import pathlib
import re
import shlex
import subprocess

from . import faults, sampling, scenarios, tracer, world

AWAY = "AWAY"  # where what was exchanged is meanwhile, outside of all that the run works on


@dataclasses.dataclass(frozen=True)
class Case:
    call: tracer.Call
    target: str  # what is exchanged, below t; with a * where the run chooses the name

    def __str__(self):
        return f"{self.call} swap {self.target}"


def nested(scenario):
    """The scenario with its trees in a directory P, which can be exchanged as well."""

    def inside(word):
        return f"P/{word}" if any(word == tree or word.startswith(f"{tree}/")
                                  for tree in scenario.trees) else word

    def make(t, place):
        scenario.make(t, place)
        if not scenario.trees:
            return
        (t / "P").mkdir()
        for path in list(t.iterdir()):
            if path.name in scenario.trees:
                path.rename(t / "P" / path.name)

    command = [inside(word) for word in scenario.command]
    if command[0] == "modseal":
        command.append("--json")
    return dataclasses.replace(
        scenario, make=make, command=command, recover=tuple(map(inside, scenario.recover)),
        trees=tuple(map(inside, scenario.trees)))


def with_victim(scenario):
    """V beside it: the same names, and what is in them must stay."""

    def make(t, place):
        scenario.make(t, place)
        nodes = world.snapshot(t)
        (t / "V").mkdir()
        world.put_up(t / "V", {name: dataclasses.replace(node, same=None)
                               for name, node in nodes.items()})
        for name in scenario.planted:
            (t / "V" / name).write_text("the victim's\n")
        for tree in scenario.trees:  # where a run would put what it makes
            if not (t / "V" / tree).exists():
                (t / "V" / tree / "k").mkdir(parents=True)

    return dataclasses.replace(scenario, make=make)


def works_beside(scenario):
    """Does it make a directory to work in, where others may write?"""
    return (scenario.command[0] in ("sign-file", "kmodsign")
            and bool({"-p", "-s", "-d"} & set(scenario.command)))


ALL = [with_victim(nested(scenario)) for scenario in scenarios.ALL
       if scenario.trees or scenario.planted or works_beside(scenario)]
BY_NAME = {scenario.name: scenario for scenario in ALL}


def below(name, directory):
    if "*" in directory:
        pattern = "[^/]*".join(map(re.escape, directory.split("*")))
        return bool(re.match(f"{pattern}(/|$)", name))
    return name == directory or name.startswith(f"{directory}/")


def is_open(call):
    return call.name.startswith("open")


def first_open(ground, tree):
    """The number of the call by which the run has opened the tree; None: it never does."""
    top = f"{ground.world.t}/{tree}"
    return next((i for i, call in enumerate(ground.calls) if is_open(call) and any(
        path.removesuffix("/.modseal-journal") == top for path in call.paths)), None)


def targets(ground):
    """What can be exchanged: {name: the first call at which that is an attack}."""
    found = dict.fromkeys(ground.scenario.planted, 0)
    opened = [(tree, at + 1) for tree in ground.scenario.trees
              if (at := first_open(ground, tree)) is not None]
    for tree, at in opened:
        parts = tree.split("/")
        for depth in range(len(parts)):
            name = "/".join(parts[:depth + 1])
            found[name] = max(found.get(name, 0), at)
    for tree, _ in opened:
        found[f"{tree}/.modseal-journal"] = 0
        for name, node in ground.before.items():
            # what an interrupted run has left there is nobody's yet, and may be lost
            if (name.startswith(f"{tree}/") and node.kind in ("directory", "file")
                    and ".modseal-" not in name):
                found[name] = 0
    return found | made_to_work_in(ground)


def made_to_work_in(ground):
    """Directories that the run makes for itself where others may write."""
    top = f"{ground.world.t}/"
    return {re.sub(r"\.modseal-[^/]*\.work$", ".modseal-*.work", path.removeprefix(top)): at + 1
            for at, call in reversed(list(enumerate(ground.calls))) if call.name == "mkdirat"
            for path in call.paths if path.endswith(".work")}


def cases(ground):
    """Every call that looks a name up in what the run works on, with every target. Worth
    most is what lies on the way to that name."""
    top = f"{ground.world.t}/"
    for target, first in targets(ground).items():
        for call in ground.calls[first:]:
            if call.by != "program" or not any(path.startswith(top) for path in call.paths):
                continue
            on_the_way = any(below(path, top + target) for path in call.paths)
            yield Case(call, target), (call.changes + 1) * (10 if on_the_way else 0.1)


def swap(ground, target):
    """The shell's words for the exchange."""
    t, name = shlex.quote(str(ground.world.t)), shlex.quote(target)
    if "*" in target:
        return (f"cd {t}; for name in {target}; do if [ -d $name ] && [ ! -h $name ]; then "
                f"mv -T $name {AWAY}; ln -s {t}/V/{target.rpartition('/')[0]} $name; fi; done")
    return (f"cd {t}; if [ -e {name} ]; then mv -T {name} {AWAY}; fi; "
            f"if [ -d {name.rpartition('/')[0] or '.'} ]; then ln -s {t}/V/{name} {name}; fi")


def put_back(ground, target):
    path, away = ground.world.t / target, ground.world.t / AWAY
    if "*" in target:
        path = next(filter(pathlib.Path.is_symlink, ground.world.t.glob(target)), path)
    if path.is_symlink():
        path.unlink()
    if away.exists() and not path.parent.exists():  # was removed, as it was to be
        subprocess.run(["rm", "-r", away], check=True)
    elif away.exists() and not path.exists():
        away.rename(path)
    elif away.is_dir():
        return [f"{target} was made anew"]
    elif away.exists():
        away.unlink()  # a file has taken the link's place
    return []


def named(ground, name, target):
    """May the run change this?"""
    return name in ground.new or any(
        below(name, place) for place in (*ground.scenario.trees, target, AWAY))


def judge_outside(ground, target, nodes):
    touched = [name for name in faults.differences(nodes, ground.old)
               if below(name, "V") or not named(ground, name, target)]
    return [f"changed, and nobody named it: {' '.join(touched)}"] if touched else []


def judge_done(ground, target, run, nodes):
    """What it says it did in files, it did."""
    if run.status != 0 or not run.out.startswith("{"):
        return []
    top, wrong = f"{ground.world.t}/", []
    for item in json.loads(run.out).get("modules", []):
        name = item["path"].removeprefix(top)
        if name not in ground.new or name not in ground.old or (
                ground.new[name] == ground.old[name]) or item["result"] in ("unchanged", "skipped"):
            continue
        places = [name]
        if below(name, target):
            places.append(AWAY + name[len(target):])
        if not any(place in nodes and nodes[place].content == ground.new[name].content
                   for place in places):
            wrong.append(name)
    return [f"status 0, and not done: {' '.join(wrong)}"] if wrong else []


class Rest:
    """A ground without the target, which a run need not see where it is away before that
    has come to it. A tree itself has been opened by then."""

    def __init__(self, ground, target):
        places = {target, target.replace("P/T", "P/out", 1)}  # and what would be its copy
        if any(below(tree, target) for tree in ground.scenario.trees):
            places = set()
        for side in "old", "new":
            nodes = getattr(ground, side)
            gone = {name for name in nodes if any(below(name, place) for place in places)}
            setattr(self, side, faults.without(nodes, gone))
        self.places = places

    def judge(self, nodes):
        gone = {name for name in nodes if any(below(name, place) for place in self.places)}
        return faults.judge_state(self, faults.without(nodes, gone))


def judge_target(ground, target, nodes):
    """What was away is old or new, file by file."""
    torn = [name for name in nodes if below(name, target) and (
        name in ground.old or name in ground.new)
        and not any(faults.is_like(nodes, side, name) for side in (ground.old, ground.new))]
    return [f"neither old nor new: {' '.join(torn)}"] if torn else []


def judge(ground, case):
    """Runs the case; what is wrong."""
    ground.world.reset(ground.before)
    run = ground.run(case.call, ("--run", swap(ground, case.target)))
    nodes = ground.look()
    wrong = judge_outside(ground, case.target, nodes) + judge_done(ground, case.target, run, nodes)
    if run.hung or run.signal is not None:
        wrong.append(str(run))
    wrong += put_back(ground, case.target)
    wrong += ground.recover()
    nodes = ground.look()
    mixed, left, _ = Rest(ground, case.target).judge(nodes)
    wrong += judge_outside(ground, case.target, nodes) + mixed
    wrong += judge_target(ground, case.target, nodes)
    # a directory that was not empty because of what was planted there
    left = [name for name in left if not below(case.target, name)]
    if left and not ground.scenario.again:
        wrong.append(f"left behind: {' '.join(left)}")
    return list(dict.fromkeys(wrong)), run


def pick(ground, share, seed):
    """All; or at every open one exchange on the way to what is opened, and a share of the
    others."""
    name, worth = ground.scenario.name, list(cases(ground))
    if share >= 1:
        return [case for case, _ in worth]
    opens = {}
    for case, value in worth:
        if is_open(case.call) and value >= 10:
            opens.setdefault(case.call, []).append(case)
    chosen = {min(choice, key=lambda case: sampling.draw(seed, name, case))
              for choice in opens.values()}
    others = [pair for pair in worth if pair[0] not in chosen and pair[1] >= 10]
    return [*sorted(chosen, key=str), *sampling.choose(others, share, seed, name)]


def work(name, pki, share, seed, part=0, parts=1):
    """As sampling.work()."""
    place = world.World(pki)
    try:
        ground = faults.Ground(BY_NAME[name], place)
        chosen = pick(ground, share, seed)[part::parts]
        found = [(str(case), wrong) for case in chosen if (wrong := judge(ground, case)[0])]
        return found, len(chosen)
    finally:
        place.close()
