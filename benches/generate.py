#!/usr/bin/env python3
"""Writes a plan of a given shape and size to standard output: what people and generators write, and what is hard to prove.

    generate.py SHAPE STEPS

shapes:
  estate      services move from one site to another, five steps each, in groups with a fence, conditions and a `finally`
  chain       one node, one step after the other
  conditions  as many independent conditions as steps, each guarding a step
  one-cell    every step changes the same thing, under one of 20 conditions
  tolerated   every step may fail, and changes the same thing
  nested      attempts within attempts, 60 deep, again and again
  wide        every step on a node of its own
"""
import sys

KINDS = """
kind job "something that runs in one place" { exclusive on node  volatile }
kind mode "how something is" { states idle, busy, odd  rests in idle, busy }
action stop(j: job) on host: node { releases j  run "stop {{j.name}}"  within 10s, then kill  idempotent }
action start(j: job) on host: node { acquires j on host  run "start {{j.name}}"  within 10s, then kill }
action cut(n: node) on host: node { fences n  run "cut {{n.name}}"  within 10s, then kill }
kind gear "how something is on the way" { states idle, busy, odd }
action shift(g: gear) on host: node { ensures g is odd  run "shift {{g.name}}"  within 10s, then kill }
action settle(g: gear) on host: node { ensures g is busy  run "settle {{g.name}}"  within 10s, then kill }
action reset(g: gear) on host: node { ensures g is idle  run "reset {{g.name}}"  within 10s, then kill }
action inspect(g: gear) on host: node { needs g is idle or busy  run "inspect {{g.name}}"  within 10s, then kill }
action turn_on(m: mode) on host: node { ensures m is busy  run "on {{m.name}}"  within 10s, then kill }
action turn_off(m: mode) on host: node { ensures m is idle  run "off {{m.name}}"  within 10s, then kill }
action turn_odd(m: mode) on host: node { ensures m is odd  run "odd {{m.name}}"  within 10s, then kill }
action check(m: mode) on host: node { needs m is idle or busy  run "check {{m.name}}"  within 10s, then kill }
probe answers(n: node, from: node) "the node answers" { on from  run "ping -c 1 {{n.name}}"  within 5s }
"""


def out(*lines):
    sys.stdout.write("\n".join(lines) + "\n")


def plan(given, goal, body):
    out("plan move() {")
    for line in given:
        out("  given  " + line)
    for line in goal:
        out("  goal   " + line)
    body()
    out("}")


def estate(steps):
    groups = max(1, steps // 250)
    per = max(1, (steps // groups - 3) // 5)
    out(KINDS, "node admin { via = local }")
    for g in range(groups):
        out(f'node a{g} {{ via = exec  prefix = "on a{g}" }}', f'node b{g} {{ via = exec  prefix = "on b{g}" }}')
        out(f"mode m{g} {{}}")
        for s in range(per):
            out(f"job j{g}_{s} {{}}", f"mode c{g}_{s} {{}}")
    given = ["admin is up"] + [f"t{t} is included or excluded" for t in range(min(20, groups))]
    goal = []
    for g in range(groups):
        given += [f"a{g} is up or down, b{g} is up, m{g} is idle"]
        given += [f"j{g}_{s} on a{g}, c{g}_{s} is idle" for s in range(per)]
        goal += [f"j{g}_{s} on b{g}" for s in range(per)]

    def body():
        for g in range(groups):
            out(f"  phase group{g} {{")
            out(f"    step odd{g} on b{g} {{ do turn_odd(m{g}) }}")
            out(f"    phase ask{g} {{")
            out(f"      only if answers(a{g}, admin)")
            for s in range(per):
                out(f"      step stop{g}_{s} on admin {{ if possible do stop(j{g}_{s}) }}")
            out("    }")
            out(f"    step fence{g} on admin {{ do cut(a{g}) }}")
            for s in range(per):
                out(f"    step start{g}_{s} on b{g} {{ do start(j{g}_{s}) }}")
                out(f"    step set{g}_{s} on b{g} {{ only if t{g % 20} are included do turn_on(c{g}_{s}) }}")
                out(f"    step look{g}_{s} on b{g} {{ do check(c{g}_{s}) }}")
                out(f"    step reset{g}_{s} on b{g} {{ do turn_off(c{g}_{s}) }}")
            out(f"  }} finally {{ step even{g} on b{g} {{ do turn_off(m{g}) }} }}")

    plan(given, goal, body)


def one_node(steps, line, given=(), things=()):
    out(KINDS, 'node a { via = exec  prefix = "on a" }', *things)
    plan(["a is up", *given], [], lambda: [out("  " + line(i)) for i in range(steps)])


def chain(steps):
    one_node(steps, lambda i: f"step s{i} on a {{ do turn_on(m{i}) }}", [f"m{i} is idle" for i in range(steps)],
             [f"mode m{i} {{}}" for i in range(steps)])


def conditions(steps):
    one_node(steps, lambda i: f"step s{i} on a {{ only if q{i} is yes do turn_on(m{i}) }}",
             [x for i in range(steps) for x in (f"m{i} is idle", f"q{i} is no or yes")],
             [f"mode m{i} {{}}" for i in range(steps)])


def one_cell(steps):
    deeds = ("shift", "settle", "inspect")
    one_node(steps, lambda i: f"step s{i} on a {{ only if q{i // 3 % 20} is yes do {deeds[i % 3]}(g) }}",
             ["g is idle", *(f"q{i} is no or yes" for i in range(20))], ["gear g {}"])


def tolerated(steps):
    deeds = ("if possible do shift", "do reset", "do inspect")
    one_node(steps, lambda i: f"step s{i} on a {{ {deeds[i % 3]}(g) }}", ["g is idle"], ["gear g {}"])


def nested(steps):
    depth = 60

    def line(i):
        inner = "".join(f"phase p{i}_{d} {{ step s{i}_{d} on a {{ do shift(g) }} step t{i}_{d} on a {{ do settle(g) }} " for d in range(depth))
        back = "".join(f"}} otherwise {{ step o{i}_{d} on a {{ do reset(g) }} }} " for d in reversed(range(depth)))
        return inner + back + f"step c{i} on a {{ do inspect(g) }}"

    out(KINDS, 'node a { via = exec  prefix = "on a" }', "gear g {}")
    plan(["a is up", "g is idle"], [], lambda: [out("  " + line(i)) for i in range(max(1, steps // (3 * depth + 1)))])


def wide(steps):
    out(KINDS, *(f'node n{i} {{ via = exec  prefix = "on n{i}" }}' for i in range(steps)), *(f"mode m{i} {{}}" for i in range(steps)))
    plan([x for i in range(steps) for x in (f"n{i} is up", f"m{i} is idle")], [],
         lambda: [out(f"  step s{i} on n{i} {{ do turn_on(m{i}) }}") for i in range(steps)])


SHAPES = {f.__name__.replace("_", "-"): f for f in (estate, chain, conditions, one_cell, tolerated, nested, wide)}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in SHAPES or not sys.argv[2].isdigit():
        sys.exit(__doc__)
    SHAPES[sys.argv[1]](int(sys.argv[2]))
