"""A farm that has something for every page to show."""
from farm import wait_for

FIRST = ('hello = sh "hello-2.12" "echo built > $out"; tools.recurseForDerivations = true; '
         'tools.lib = sh "lib-1.0" "echo lib > $out"; '
         'broken = sh "broken" "for i in 1 2 3 4 5 6 7 8 9; do echo checking for thing $i; done; '
         "printf '\\\\033[1;31merror:\\\\033[0m no such thing\\\\n' >&2; echo make: stopped; exit 2\"; "
         'above = sh "above" "export PATH=/usr/bin:/bin; mkdir -p $out/nix-support; cat ${tools.lib} > $out/page.html; '
         'echo doc manual $out page.html > $out/nix-support/hydra-build-products; '
         'echo size 3 KiB > $out/nix-support/hydra-metrics"; wrong = throw "not this one"; ')
SECOND = FIRST.replace("echo lib > $out", "echo a new lib > $out") + 'extra = sh "extra" "echo x > $out"; '
# Runs until the farm stops; what needs it waits.
SLOW = ('slow = sh "slow" "while true; do /bin/sh -c :; done"; behind = sh "behind" "echo ${slow} > $out"; '
        'many = builtins.listToAttrs (builtins.genList (n: { name = "target-number-${toString n}"; '
        'value = sh "behind-${toString n}" "echo ${slow} > $out"; }) 300) // { recurseForDerivations = true; }; ')


def fill(farm, repository, project="demo", jobset="main"):
    """What pages.js names the pages by."""
    farm.ask("PUT", f"/api/v1/projects/{project}", {
        "displayName": "Demo project", "description": "What is shown", "homepage": "https://example.org/"}, status=201)
    repository.commit(FIRST, "First")
    farm.put_jobset(jobset, repository, project=project, description="Its main branch")
    farm.evaluate(jobset, project=project)
    farm.wait_for_builds()
    repository.commit(SECOND + SLOW, "Second: what runs for long")
    evaluation = farm.evaluate(jobset, project=project)
    targets = farm.targets(evaluation["id"])
    for label in ("hello", "tools.lib", "broken", "above", "extra"):
        farm.wait_for_build(targets[label]["build"])
    # The page of causes is looked at with something on it.
    wait_for("the causes", lambda: farm.get(f"/api/v1/evaluations/{evaluation['id']}/causes")["state"] == "known")
    good = farm.build(targets["above"]["build"])
    bad = farm.build(targets["broken"]["build"])
    return {"project": project, "jobset": jobset, "evaluation": evaluation["id"], "base": evaluation["base"], "label": "hello", "good": good["id"],
            "bad": bad["id"], "queued": targets["behind"]["build"], "running": targets["slow"]["build"],
            "step": bad["steps"][0]["id"], "machine": farm.get("/api/v1/machines")["machines"][0]["id"],
            "derivation": good["derivation"], "storePath": good["outputs"]["out"].rsplit("/", 1)[1]}
