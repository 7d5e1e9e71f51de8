"""How long the farm's pages take and how large they are: beside a long history, and for an evaluation of 17,000 targets in the
same record."""
import http.client
import os
import random
import sys
import time

from farm_benches import MAPS, long_history, percentile

# What people open, chosen anew for each request: of a history that was made up, whose derivations are no files…
OF_HISTORY = (
    "/", "/project/{project}", "/jobset/{project}/{jobset}", "/jobset/{project}/{jobset}/targets",
    "/jobset/{project}/{jobset}/targets?filter=9", "/jobset/{project}/{jobset}/charts", "/jobset/{project}/{jobset}/errors",
    "/jobset/{project}/{jobset}/settings", "/job/{project}/{jobset}/{label}", "/job/{project}/{jobset}/{label}/badge.svg",
    "/eval/{evaluation}", "/eval/{evaluation}?filter=1", "/eval/{evaluation}?against={other}", "/build/{build}",
    "/output-set/{outputSet}", "/queue", "/machines", "/machine/1", "/steps", "/search?query={label}", "/search?query={outputHash}")
# …and of the evaluation.
OF_EVALUATION = (
    "/project/{project}", "/jobset/{project}/{jobset}", "/jobset/{project}/{jobset}/targets",
    "/jobset/{project}/{jobset}/targets?filter=py", "/jobset/{project}/{jobset}/charts", "/job/{project}/{jobset}/{label}",
    "/eval/{evaluation}", "/eval/{evaluation}?show=equivalent&filter=gcc", "/eval/{evaluation}?against={other}",
    "/eval/{evaluation}/causes", "/build/{build}", "/build/{build}/graph", "/build/{build}/graph?depth=all",
    "/build/{build}/graph?direction=users", "/derivation/{derivation}", "/derivation/{derivation}/diff/{otherDerivation}",
    "/output-set/{outputSet}", "/store-path/{storePath}", "/steps", "/search?query={label}", "/search?query={outputHash}")


def page_times(farm, pages, chosen, count):
    """Milliseconds of GET requests as a browser makes them, and the largest answer in bytes, by page."""
    connection = http.client.HTTPConnection(*farm.base.removeprefix("http://").split(":"))
    for page in pages:
        times, largest = [], 0
        for _ in range(count):
            path = page.format(**chosen())
            asked = time.perf_counter()
            connection.request("GET", path, headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            largest = max(largest, len(answer.read()))
            times.append((time.perf_counter() - asked) * 1000)
            if answer.status not in (200, 302, 303):  # one that is all that is found is shown at once
                sys.exit(f"{path}: {answer.status}")
        yield page, times, largest
    connection.close()


def report(where, farm, pages, chosen):
    random.seed(1)
    for page, times, largest in page_times(farm, pages, chosen, int(os.environ.get("GRANGE_BENCH_REQUESTS", "300"))):
        print(f"  {where}: {page}: median {percentile(times, 0.5):.1f} ms, 99th percentile {percentile(times, 0.99):.1f} ms, "
              f"{largest / 1000:.1f} kB   (target: 50 ms, 100 kB with its assets)", flush=True)


def facts_of(farm, build):
    """What the addresses of pages about a build are made of."""
    told = farm.get(f"/api/v1/builds/{build}")
    path = next(iter(told["outputs"].values()), "/-").rsplit("/", 1)[1]
    return {"build": build, "project": told["project"], "jobset": told["jobset"], "label": told["label"],
            "derivation": told["derivation"], "outputSet": told["outputSet"], "storePath": path, "outputHash": path[:32]}


def pages(scratch, data, drvs, kind):
    """The pages that people open: server time and size."""
    builds = int(os.environ.get("GRANGE_BENCH_BUILDS", "10000000"))
    with long_history(scratch, data, drvs, kind, builds) as (database, farm):
        measure(kind, builds, database, farm)


def measure(kind, builds, database, farm):
    evaluations = int(database.ask("SELECT max(id) FROM evaluations", farm))

    def of_history():
        evaluation = random.randint(100, evaluations)
        return {"evaluation": evaluation, "other": evaluation - 50, **facts_of(farm, random.randint(1, builds - 2000))}

    report(f"{kind}, {builds} builds", farm, OF_HISTORY, of_history)
    recorded = []
    for name in MAPS:
        recorded.append(farm.recorded(name)[0]["id"])
        farm.wait_until_made()
    # Those that changed are few: the first evaluation's are what the later ones have, too.
    first, last = (int(database.ask(f"SELECT {what}(id) FROM builds WHERE jobset = (SELECT jobset FROM evaluations "
                                    f"WHERE id = {recorded[0]})", farm)) for what in ("min", "max"))
    while farm.get(f"/api/v1/evaluations/{recorded[-1]}/causes")["state"] == "working":
        time.sleep(0.5)

    def of_evaluation():
        other = farm.get(f"/api/v1/builds/{random.randint(first, last)}")["derivation"]
        return {"evaluation": recorded[-1], "other": recorded[0], "otherDerivation": other,
                **facts_of(farm, random.randint(first, last))}

    report(f"{kind}, 17,000 targets beside them", farm, OF_EVALUATION, of_evaluation)
