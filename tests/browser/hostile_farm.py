"""A farm on which everything that somebody else writes is hostile."""
import os

from hostile import hostile, hostile_word, nix_string

ADDRESS = "javascript:window.owned='address'"

EXPRESSION = """{ ... }: let
  make = name: script: more: derivation ({ inherit name script; system = "SYSTEM"; builder = "/bin/sh"; PATH = "/bin:/usr/bin";
    args = [ "-e" "-c" script ]; text = ENVIRONMENT; } // more);
in rec {
  plain = make "plain" "echo built > $out" { };
  LABEL = make "labelled" "echo labelled > $out" { };
  told = make "told" "echo told > $out" { } // { meta = {
    description = DESCRIPTION; homepage = ADDRESS; license = LICENSE; maintainers = MAINTAINERS; }; };
  made = make "made" ''
    mkdir -p $out/nix-support
    echo "$content" > "$out/$file"
    echo "$content" > "$out/$other"
    echo "$page" > $out/page.html
    { echo "file html $out/page.html"; echo "file \\"$subtype\\" \\"$out/page.html\\""; echo "file wild \\"$out/$file\\""; echo "$wild \\"$out/page.html\\""; echo "doc page $out page.html"; } \\
      > $out/nix-support/hydra-build-products
    printf '%s' "$release" > $out/nix-support/hydra-release-name
    echo "$metric 3 $metric" > $out/nix-support/hydra-metrics
  '' { content = CONTENT; file = FILE; other = OTHER; page = PAGE; subtype = SUBTYPE; wild = WILD; release = RELEASE; metric = METRIC; };
  logs = make "logs" ''
    echo "$line"
    printf '\\033]8;;%s\\033\\\\linked\\033]8;;\\033\\\\\\n' "$address"
    printf '\\033[31;1mred \\033[0;38;5;200mother\\033[0m \\033[2J\\033[999;999H\\033]0;title\\007 \\r\\b\\b\\n'
    printf 'bad \\377\\376\\200 \\303\\050 bytes \\355\\240\\200\\n'
    head -c 1000000 /dev/zero | tr '\\0' '<'; echo
    echo "error: $line"; exit 1
  '' { line = LINE; address = ADDRESS; };
  wrong = throw WRONG;
}
"""


def release(system):
    text = EXPRESSION.replace("SYSTEM", system).replace("ADDRESS", nix_string(ADDRESS))
    for place in ("environment", "label", "description", "license", "maintainers", "content", "subtype", "wild", "release",
                  "metric", "line", "wrong"):
        text = text.replace(place.upper(), nix_string(hostile(place)))
    # A product's path may have neither quotes nor brackets; a file's name may.
    text = text.replace("FILE", nix_string("".join(c for c in hostile("file") if c not in '/"<>')))
    text = text.replace("OTHER", nix_string(hostile("other").replace("/", "")))
    page = "<script>window.owned='page'; document.title = 'owned'; fetch('/api/v1/session')</script><img src=x onerror=window.owned=3>"
    return text.replace("PAGE", nix_string(page))


# A machine whose owner says of it what he likes; nobody is there.
MACHINE = (f"ssh-ng://{hostile_word('machine')} {hostile_word('system')} - 1 1 {hostile_word('feature')} "
           f"{hostile_word('mandatory')}")


def write_accounts(farm):
    """Whoever has an account says who he is, and what his tokens are for."""
    farm.ask("POST", "/api/v1/accounts", {"name": hostile("account"), "password": "correct horse battery"}, status=422)
    farm.ask("POST", "/api/v1/accounts", {"name": "eve", "fullName": hostile("full-name"), "email": hostile("email"),
                                          "password": "correct horse battery"}, status=201)
    account = farm.get("/api/v1/session")["account"]["id"]
    farm.ask("PATCH", f"/api/v1/accounts/{account}", {"fullName": hostile("own-name"), "email": hostile("own-email")}, status=200)
    farm.ask("POST", "/api/v1/tokens", {"name": hostile("token"), "scopes": ["read"]}, status=201)


def fill(farm, repository, project="demo", jobset="main"):
    """What pages.js names the pages by."""
    write_accounts(farm)
    facts = {"displayName": hostile("project"), "description": hostile("about-project")}
    farm.ask("PUT", f"/api/v1/projects/{project}", {**facts, "homepage": ADDRESS}, status=422)
    farm.ask("PUT", f"/api/v1/projects/{project}", {**facts, "homepage": "https://example.org/" + hostile("homepage")}, status=201)
    (repository.directory / "release.nix").write_text(release(f"{os.uname().machine}-linux"))
    repository.git("add", "-A")
    for subject in ("first", "commit"):
        repository.git("-c", f"user.name={hostile('author')}", "commit", "-q", "--allow-empty", "-m", hostile(subject))
    farm.put_jobset(jobset, repository, project=project, description=hostile("about-jobset"), inputs={
        "src": {"type": "git", "value": f"{repository.directory} main"}, "text": {"type": "string", "value": hostile("input")}})
    farm.put_jobset("broken", repository, project=project, expressionPath=hostile("path").replace("/", ""))
    evaluation = farm.evaluate(jobset, project=project)
    farm.evaluate("broken", project=project)
    farm.wait_for_builds()
    by_name = {target["derivation"][33:].removesuffix(".drv"): target["build"]
               for target in farm.targets(evaluation["id"]).values() if target["derivation"]}
    logs = farm.build(by_name["logs"])
    made = farm.build(by_name["made"])
    return {"project": project, "jobset": jobset, "evaluation": evaluation["id"], "label": "plain", "good": made["id"],
            "bad": logs["id"], "queued": by_name["told"], "told": by_name["told"], "labelled": by_name["labelled"],
            "step": logs["steps"][0]["id"], "machine": farm.get("/api/v1/machines")["machines"][0]["id"],
            "derivation": made["derivation"], "storePath": made["outputs"]["out"].rsplit("/", 1)[1]}
