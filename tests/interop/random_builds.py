"""Writes an expression of random derivations: random_builds.py KIND SEED. KIND is attributes (structured
ones), environments (builtin:buildenv over random packages) or channels (builtin:unpack-channel of
archives that it writes into ./SEED-N.tar)."""
import io
import os
import random
import sys
import tarfile

kind, seed = sys.argv[1], int(sys.argv[2])
rand = random.Random(seed)


def text(value):
    """A string of Nix."""
    escapes = {'"': '\\"', "\\": "\\\\", "$": "\\$", "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(escapes.get(c, c) for c in value) + '"'


def key():
    return text(rand.choice(["a", "b", "_x", "A1", "9z", "with space", "k-b", "é", "q'q"]) + str(rand.randrange(1000)))


def value(depth=0):
    choice = rand.randrange(12 if depth < 3 else 8)
    if choice == 0:
        edges = [0, 1, -1, 2**31 - 1, 2**31, -(2**31) - 1, 2**53, -(2**63) + 1, 2**63 - 1]
        return str(rand.choice(edges + [rand.randrange(10**6)]))
    if choice == 1:
        return rand.choice(["1.5", "2.0", "1.0e10", "16777217.5", "0.1", "3.0e-5", "1.0e300", "2147483648.0", "1.0000000001"])
    if choice == 2:
        return rand.choice(["true", "false", "null"])
    if choice < 8:
        letters = ["a", "B", "'", '"', "\\", "$", "{", "}", " ", "\n", "\t", "é", "/", "=", "[", "]", "*", "`", "!"]
        return text("".join(rand.choice(letters) for _ in range(rand.randrange(8))))
    if choice < 10:
        return "[ " + " ".join(f"({value(depth + 1)})" for _ in range(rand.randrange(4))) + " ]"
    members = {key(): value(depth + 1) for _ in range(rand.randrange(4))}
    return "{ " + " ".join(f"{k} = {v};" for k, v in members.items()) + " }"


def attributes():
    print('''let make = a: derivation ({ system = builtins.currentSystem; builder = "/bin/sh"; __structuredAttrs = true;
  args = [ "-e" "-c" "out=$(sed -n \\"s/.*\\\\['out'\\\\]='\\\\(\\\\/nix[^']*\\\\)'.*/\\\\1/p\\" .attrs.sh | tail -n1); mkdir $out; cp .attrs.sh $out/sh; cp .attrs.json $out/json" ];
} // a); in {''')
    for number in range(20):
        members = {key(): value() for _ in range(rand.randrange(12))}
        print(f'  a{number} = make {{ name = "a{number}"; {" ".join(f"{k} = {v};" for k, v in members.items())} }};')
    print("}")


def package(number):
    directories = ["bin", "share", "lib", "share/info", "lib/x", "share/doc", "deep/er", "deep", "."]
    names = ["a", "b", "c", "info", "dir", "perllocal.pod", ".hidden", "log", "manifest.nix", "manifest.json",
             "nix-support", "propagated-build-inputs", "x y"]
    lines = ["mkdir -p $out; cd $out"]
    for _ in range(rand.randrange(1, 7)):
        directory = rand.choice(directories)
        path = f"'{directory}/{rand.choice(names)}'"
        make = f"echo {number} > {path}"
        choice = rand.randrange(10)
        if choice == 6:
            make = f"mkdir {path}"
        elif choice == 7:
            targets = ["nowhere", "/dev/null", "..", ".", "/etc/passwd", "../bin", "bin", "/nix/store", "/bin/nothing", "a"]
            make = f"ln -s '{rand.choice(targets)}' {path}"
        elif choice > 7 and number > 0:
            make = f"ln -s '${{p{rand.randrange(number)}}}/{rand.choice(directories + ['', 'bin/a'])}' {path}"
        lines.append(f"mkdir -p '{directory}' || true; [ -e {path} -o -L {path} ] || {make} || true")
    if number > 0 and rand.random() < 0.4:
        others = " ".join(f"${{p{rand.randrange(number)}}}" for _ in range(rand.randrange(1, 3)))
        lines.append("[ -e nix-support ] || mkdir nix-support; [ ! -d nix-support ] || "
                     f"echo '{others}' > nix-support/propagated-user-env-packages || true")
    print(f'''  p{number} = make {{ name = "p{number}"; script = \'\'{chr(10).join(lines)}\'\'; }};''')


def environments():
    print('''let
  make = a: derivation ({ system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-e" "-c" a.script ]; } // a);
  environment = name: packages: derivation {
    inherit name; system = "builtin"; builder = "builtin:buildenv"; manifest = builtins.toFile "m" "m";
    derivations = map (p: [ p.active p.priority (builtins.length p.paths) p.paths ]) packages;
  };''')
    for number in range(8):
        package(number)
    print("in {")
    for number in range(20):
        packages = []
        for _ in range(rand.randrange(5)):
            paths = " ".join(f"p{rand.randrange(8)}" for _ in range(rand.randrange(1, 3)))
            packages.append(f'{{ active = {rand.choice(["true", "true", chr(34) + "false" + chr(34)])}; '
                            f"priority = {rand.randrange(1, 11)}; paths = [ {paths} ]; }}")
        print(f'  e{number} = environment "e{number}" [ {" ".join(packages)} ];')
    print("}")


def add(tar, name, of_type, content=b"", mode=0o644, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname, info.size = of_type, mode, target, len(content)
    tar.addfile(info, io.BytesIO(content))


# What an ordinary user unpacks nix then cannot enter or read itself, and fails; Grange opens it.
OWN = 0 if os.geteuid() == 0 else 0o700


def fill(tar):
    made = ["top/none"]
    for _ in range(rand.randrange(1, 9)):
        name = rand.choice(["top", "top/a", "top/b", "top/a/c", "./top/x", "top//y", "/top/z", "top/a/../w", "top/q",
                            "top/" + "n" * rand.choice([10, 120]), "top/é"])
        choice = rand.randrange(10)
        if choice < 4:
            add(tar, name, tarfile.REGTYPE, rand.randbytes(rand.randrange(50)), OWN & 0o600 | rand.choice([0o644, 0o755, 0o100, 0o10, 0]))
        elif choice < 6:
            add(tar, name + rand.choice(["", "/"]), tarfile.DIRTYPE, mode=OWN | rand.choice([0o755, 0, 0o500]))
        elif choice < 8:
            add(tar, name, tarfile.SYMTYPE, target=rand.choice(["a", "../x", "/etc", "top", "."]))
        else:
            add(tar, name, tarfile.LNKTYPE, target=rand.choice(made))
        made.append(name)


def channels():
    print('''let channel = name: src: derivation {
  inherit name src; system = "builtin"; builder = "builtin:unpack-channel"; channelName = "channel";
}; in {''')
    for number in range(20):
        form = rand.choice([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
        with tarfile.open(f"{seed}-{number}.tar", rand.choice(["w", "w:gz", "w:xz", "w:bz2"]), format=form) as tar:
            fill(tar)
        print(f'  c{number} = channel "c{number}" ./{seed}-{number}.tar;')
    print("}")


{"attributes": attributes, "environments": environments, "channels": channels}[kind]()
