#!/usr/bin/env python3
"""Random graphs of derivations of all kinds, as a Nix expression that needs nothing but /bin/sh (busybox).

    random_expressions.py SEED DIRECTORY    writes DIRECTORY/default.nix and the files that it takes up

The same seed gives the same expression. Everything builds: references that are checked hold, fixed hashes are right,
and no two outputs refer to each other in a circle.
"""
import base64
import hashlib
import pathlib
import random
import sys

ODD_VALUES = [b"", b" ", b"plain", b"two\nlines\n", b"tab\tand\rreturn", b"'single' \"double\"", b"back\\slash\\n",
              b"$HOME ${x} $(false) `false`", b"\xc3\xa9\xe2\x82\xac", b"a,b;c(d)[e]{f}", b"/nix/store",
              b"/nix/store/00000000000000000000000000000000-none", b"\x01\x7f", b"=", b"x" * 5000, b"%s%n"]
ODD_BYTES = [b"\xff\xfe no text \x80"]
ODD_KEYS = [b"x.y", b"with space", b"\xc3\xa9", b"da-sh", b"quo\"te", b"back\\slash", b"1st", b"a+b", b"new\nline"]
NAMES = ["plain", "with-dash", "v1.2.3", "a+b", "q?k=v", "under_score", "UPPER", "x", "out", "long" * 12, "9"]
OUTPUT_SETS = [["out", "dev"], ["dev", "out"], ["lib", "bin", "out"], ["out", "a", "b", "c"], ["doc"], ["lib", "dev"]]


def nix_string(text):
    if isinstance(text, str):
        text = text.encode()
    for plain, escaped in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"${", b"\\${"), (b"\n", b"\\n"), (b"\r", b"\\r"),
                           (b"\t", b"\\t")):
        text = text.replace(plain, escaped)
    return b'"' + text + b'"'


def nar_of_file(content, executable):
    def word(value):
        return len(value).to_bytes(8, "little") + value + bytes(-len(value) % 8)
    parts = [b"nix-archive-1", b"(", b"type", b"regular"] + ([b"executable", b""] if executable else [])
    return b"".join(word(part) for part in parts + [b"contents", content, b")"])


class Node:
    """One derivation; `inputs` are pairs of another node and one of its outputs, in the script `@0@`, `@1@`…"""

    def __init__(self, number, name, outputs):
        self.number = number
        self.name = name
        self.outputs = outputs
        self.inputs = []
        self.attributes = {}  # Nix text by name, in which @0@ stands for an input
        self.script = []
        self.refers = True  # may others refer to it
        self.twin = None  # another node of the same output, or of equal content

    def clone(self, number):
        other = Node(number, self.name, self.outputs)
        other.inputs, other.script = list(self.inputs), list(self.script)
        other.attributes = dict(self.attributes)
        other.twin = self
        return other

    def text(self):
        def fill(text):
            for index, (node, output) in enumerate(self.inputs):
                text = text.replace(b"@%d@" % index, b"n%d.%s" % (node.number, output.encode()))
            return text
        lines = [b"  n%d = make {" % self.number, b"    name = " + nix_string(self.name) + b";"]
        if self.outputs != ["out"]:
            lines.append(b"    outputs = [ " + b" ".join(nix_string(o) for o in self.outputs) + b" ];")
        for key, value in self.attributes.items():
            key = key if isinstance(key, bytes) else key.encode()
            lines.append(b"    " + nix_string(key) + b" = " + fill(value) + b";")
        lines.append(b"    script = ''")
        lines += [b"      " + fill(line.encode() if isinstance(line, str) else line) for line in self.script]
        return b"\n".join(lines + [b"    '';", b"  };"])


class Graph:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.nodes = []
        self.files = {}  # sources by name
        kinds = [self.fixed, self.floating, self.floating, self.equal, self.input_addressed, self.input_addressed,
                 self.input_addressed, self.narrow, self.structured, self.clone, self.clone]
        count = self.random.randint(5, 40)
        self.floating()
        while len(self.nodes) < count:
            self.random.choice(kinds)()

    def new(self, outputs=("out",), name=None):
        node = Node(len(self.nodes), name or self.random.choice(NAMES) + f"-{len(self.nodes)}", list(outputs))
        self.nodes.append(node)
        return node

    def maybe(self, chance):
        return self.random.random() < chance

    def choose_inputs(self, node, most=4):
        candidates = self.nodes[:node.number]
        # Recent ones more often, so that graphs are deep as well as wide.
        for _ in range(self.random.randint(0 if self.maybe(0.2) else 1, most)):
            if candidates:
                low = max(0, len(candidates) - 8) if self.maybe(0.6) else 0
                lower = self.random.choice(candidates[low:])
                node.inputs.append((lower, self.random.choice(lower.outputs)))

    def add_sources(self, node):
        """Environment variables that hold sources; the names of those that may be referred to."""
        names = []
        if self.maybe(0.3):
            text = f"some text {self.random.randint(0, 3)}\n"
            node.attributes["textFile"] = b"builtins.toFile " + nix_string(f"text-{len(text)}") + b" " + nix_string(text)
            names.append("textFile")
        if self.maybe(0.2):
            # A source cannot depend on what is not there yet, but on other sources it can.
            node.attributes["nested"] = (b'builtins.toFile "nested" "see ${builtins.toFile "inner" "inner"} %d"'
                                         % self.random.randint(0, 2))
            names.append("nested")
        if self.maybe(0.2):
            which = self.random.choice(["tree", "file"])
            self.files[which] = True
            name = self.random.choice(NAMES)
            flat = b" recursive = false;" if which == "file" and self.maybe(0.5) else b""
            node.attributes["source"] = (b"builtins.path { path = ./sources/%s; name = %s;%s }"
                                         % (which.encode(), nix_string(name), flat))
            names.append("source")
        return names

    def add_odd_values(self, node, plain=True):
        for index in range(self.random.choice([0, 0, 1, 3])):
            value = self.random.choice(ODD_VALUES + (ODD_BYTES if plain else []))
            node.attributes[f"odd{index}"] = nix_string(value)
            if plain:
                node.script.append(f"printf '%s' \"$odd{index}\" >> oddities")
        if self.maybe(0.2):
            node.attributes[self.random.choice(ODD_KEYS)] = nix_string(self.random.choice(ODD_VALUES))
        if plain and self.maybe(0.2):
            node.attributes["big"] = nix_string(self.random.choice(ODD_VALUES + ODD_BYTES))
            node.attributes["passAsFile"] = b'[ "big" ]'
            node.script.append('cat "$bigPath" >> oddities')

    def add_reading(self, node):
        """What it makes depends on its inputs, which leave no reference that way."""
        for index in range(len(node.inputs)):
            if self.maybe(0.3):
                node.script.append(f"{{ cat ${{@{index}@}} 2>/dev/null || ls ${{@{index}@}}; }} | md5sum >> oddities")

    def write_outputs(self, node, references, shell_name=lambda output: "$" + output):
        """Outputs of several shapes; each keeps some of `references` (shell words). Which were kept, and whether
        there are references to outputs."""
        kept, siblings = set(), set()
        done = []
        order = list(node.outputs)
        self.random.shuffle(order)
        for output in order:
            mine = [r for r in references if self.maybe(0.5)]
            kept.update(mine)
            others = [o for o in done if self.maybe(0.4)]
            itself = self.maybe(0.4)
            siblings.update(others + ([output] if itself else []))
            words = mine + [shell_name(o) for o in others] + ([shell_name(output)] if itself else [])
            place = shell_name(output)
            shape = self.random.choice(["file", "directory", "directory", "executable", "symlink", "empty"])
            if shape == "symlink" and len(words) == 1:
                node.script.append(f"ln -s {words[0]} {place}")
            elif shape in ("file", "executable"):
                node.script.append(f"echo {output} {' '.join(words)} > {place}; cat oddities >> {place}")
                if shape == "executable":
                    node.script.append(f"chmod +x {place}")
            elif shape == "empty" and not words:
                node.script.append(f"mkdir {place}")
            else:
                node.script.append(f"mkdir -p {place}/sub/empty; cp oddities {place}/oddities")
                for index, word in enumerate(words):
                    how = self.random.choice(["echo", "link", "many", "name", "middle"])
                    if how == "link":
                        node.script.append(f"ln -s {word} {place}/link{index}")
                    elif how == "name":
                        node.script.append(f"echo > {place}/name{index}-$(basename {word})")
                    elif how == "middle":
                        node.script.append(f"dd if=/dev/zero bs=65500 count=1 of={place}/middle{index} 2>/dev/null")
                        node.script.append(f"echo {word} >> {place}/middle{index}")
                    else:
                        count = 3 if how == "many" else 1
                        node.script.append(f"for i in $(seq {count}); do echo $i {word} >> {place}/sub/echo{index}; done")
            done.append(output)
        return kept, siblings

    def add_checks(self, node, kept, siblings, words):
        """Limits on references that hold; `words` are the shell words by index of input."""
        lists = {word: b"@%d@" % index for index, word in words.items()}
        if any(word not in lists for word in kept):
            return
        allowed = sorted(lists[word] for word in kept) + sorted(nix_string(o) for o in siblings)
        if self.maybe(0.15):
            node.attributes["allowedReferences"] = b"[ " + b" ".join(allowed) + b" ]"
        kept_names = {(node.inputs[i][0].name, node.inputs[i][1]) for i, word in words.items() if word in kept}
        dropped = [b"@%d@" % index for index, word in words.items()
                   if (node.inputs[index][0].name, node.inputs[index][1]) not in kept_names]
        if dropped and self.maybe(0.2):
            node.attributes["disallowedReferences"] = b"[ " + b" ".join(dropped) + b" ]"
        if self.maybe(0.1):
            node.attributes["disallowedRequisites"] = b'[ (builtins.toFile "nowhere" "nowhere") ]'

    def fill(self, node):
        self.choose_inputs(node)
        node.script.append("touch oddities")
        words = {}
        for index in range(len(node.inputs)):
            if self.maybe(0.5):
                node.attributes[f"in{index}"] = b"@%d@" % index
                words[index] = f"$in{index}"
            else:
                words[index] = f"${{@{index}@}}"
        if node.inputs and self.maybe(0.15):
            index = self.random.randrange(len(node.inputs))
            node.attributes["exportReferencesGraph"] = b'[ "graph" @%d@ ]' % index
            if self.maybe(0.5):
                # Its text holds references: to the whole closure.
                node.script.append("sort graph >> oddities")
                self.add_reading(node)
                self.add_odd_values(node)
                self.write_outputs(node, list(words.values()))
                return
            node.script.append("wc -l < graph >> oddities")
        sources = self.add_sources(node)
        self.add_odd_values(node)
        self.add_reading(node)
        if len(node.outputs) == 1 and node.refers and self.maybe(0.15):
            node.script.append(f"env | grep -v -a -e NIX_BUILD_CORES | sort > ${node.outputs[0]}")
            return
        kept, siblings = self.write_outputs(node, list(words.values()) + [f"${name}" for name in sources])
        self.add_checks(node, kept, siblings, words)

    def outputs(self):
        return self.random.choice(OUTPUT_SETS) if self.maybe(0.4) else ["out"]

    def input_addressed(self):
        self.fill(self.new(self.outputs()))

    def floating(self):
        node = self.new(self.outputs())
        node.attributes["__contentAddressed"] = b"true"
        node.attributes["outputHashMode"] = b'"recursive"'
        node.attributes["outputHashAlgo"] = b'"sha256"'
        self.fill(node)

    def narrow(self):
        """Floating, of the kinds that may refer to nothing."""
        node = self.new()
        node.attributes["__contentAddressed"] = b"true"
        mode = self.random.choice(["flat", "recursive"])
        algorithm = self.random.choice(["sha1", "sha512", "md5", "sha256"] if mode == "flat" else ["sha1", "sha512", "md5"])
        node.attributes["outputHashMode"] = nix_string(mode)
        node.attributes["outputHashAlgo"] = nix_string(algorithm)
        self.choose_inputs(node, 2)
        node.script.append("touch oddities")
        self.add_odd_values(node)
        self.add_reading(node)
        if mode == "recursive" and self.maybe(0.5):
            node.script.append("mkdir $out; cp oddities $out/a; ln -s nowhere $out/b")
        else:
            node.script.append("cp oddities $out")

    def equal(self):
        """Floating, with content that many others have as well, whatever they are made from."""
        which = self.random.randint(0, 2)
        same = [n for n in self.nodes if n.name == f"equal-{which}"]
        node = self.new(name=f"equal-{which}")
        node.attributes.update({"__contentAddressed": b"true", "outputHashMode": b'"recursive"',
                                "outputHashAlgo": b'"sha256"', "salt": nix_string(str(node.number))})
        self.choose_inputs(node, 2)
        self_reference = " $out" if which == 1 else ""
        node.script.append(f": {' '.join('${@%d@}' % i for i in range(len(node.inputs)))}")
        node.script.append(f"mkdir $out; echo content {which}{self_reference} > $out/content")
        node.twin = same[-1] if same else None

    def fixed(self):
        content = self.random.choice([b"", b"hello", b"hello\n", b"%d\n" % self.random.randint(0, 99)])
        algorithm = self.random.choice(["md5", "sha1", "sha256", "sha512"])
        mode = self.random.choice(["flat", "recursive"])
        executable = mode == "recursive" and self.maybe(0.3)
        digest = hashlib.new(algorithm, nar_of_file(content, executable) if mode == "recursive" else content)
        node = self.new()
        if self.maybe(0.3):
            sri = f"{algorithm}-{base64.b64encode(digest.digest()).decode()}"
            node.attributes["outputHash"] = nix_string(sri)
            if self.maybe(0.5):
                node.attributes["outputHashAlgo"] = nix_string(algorithm)
        else:
            node.attributes["outputHash"] = nix_string(digest.hexdigest())
            node.attributes["outputHashAlgo"] = nix_string(algorithm)
        if mode == "recursive" or self.maybe(0.5):
            node.attributes["outputHashMode"] = nix_string(mode)
        if self.maybe(0.4):
            self.choose_inputs(node, 2)
        node.attributes["url"] = nix_string(f"https://mirror-0.example/{node.name}")
        node.script.append(f": {' '.join('${@%d@}' % i for i in range(len(node.inputs)))}")
        node.attributes["content"] = nix_string(content)
        node.script.append("printf '%s' \"$content\" > $out")
        if executable:
            node.script.append("chmod 755 $out")
        if self.maybe(0.6):
            twin = node.clone(len(self.nodes))
            twin.attributes["url"] = nix_string(f"https://mirror-1.example/{node.name}")
            self.nodes.append(twin)

    def structured(self):
        node = self.new(self.outputs())
        node.attributes["__structuredAttrs"] = b"true"
        if self.maybe(0.5):
            node.attributes.update({"__contentAddressed": b"true", "outputHashMode": b'"recursive"',
                                    "outputHashAlgo": b'"sha256"'})
        self.choose_inputs(node)
        if node.inputs:
            node.attributes["inputs"] = b"[ " + b" ".join(b"@%d@" % i for i in range(len(node.inputs))) + b" ]"
        node.attributes["deep"] = b'{ a = [ 1 2.5 null true ]; b."c d" = "e"; }'
        self.add_odd_values(node, plain=False)
        node.script.append("touch oddities")
        if node.inputs and self.maybe(0.3):
            node.attributes["exportReferencesGraph"] = b"{ graph = [ @0@ ]; }"
        for output in node.outputs:
            node.script.append(f"{output}=$(sed -n \"s/.*\\['{output}'\\]='\\([^']*\\)'.*/\\1/p\" .attrs.sh)")
        if len(node.outputs) == 1 and self.maybe(0.4):
            node.script.append(f"mkdir ${node.outputs[0]}; cp .attrs.json ${node.outputs[0]}/json; "
                               f"cp .attrs.sh ${node.outputs[0]}/sh")
            return
        words = {index: f"${{@{index}@}}" for index in range(len(node.inputs))}
        self.write_outputs(node, list(words.values()))

    def clone(self):
        """The same derivation above an input of equal content, or above a twin. (Not of fixed ones: of recipes that
        promise the same Grange tries one, so that nobody asks for the inputs of the others.)"""
        nodes = [n for n in self.nodes
                 if "outputHash" not in n.attributes and any(self.equals_of(i) for i, _ in n.inputs)]
        if not nodes:
            self.equal()
            return
        node = self.random.choice(nodes).clone(len(self.nodes))
        for index, (lower, output) in enumerate(node.inputs):
            equals = self.equals_of(lower)
            if equals:
                node.inputs[index] = (self.random.choice(equals), output)
        self.nodes.append(node)

    def equals_of(self, node):
        return [other for other in self.nodes
                if other is not node and (other.twin is node or node.twin is other or
                                          (node.name.startswith("equal-") and other.name == node.name))]

    def write(self, directory):
        directory = pathlib.Path(directory)
        (directory / "sources" / "tree" / "sub").mkdir(parents=True, exist_ok=True)
        (directory / "sources" / "tree" / "file").write_bytes(b"in a tree\n")
        (directory / "sources" / "tree" / "sub" / "run").write_bytes(b"#!/bin/sh\n")
        (directory / "sources" / "tree" / "sub" / "run").chmod(0o755)
        if not (directory / "sources" / "tree" / "link").is_symlink():
            (directory / "sources" / "tree" / "link").symlink_to("sub/../file")
        (directory / "sources" / "file").write_bytes(b"a file\n")
        used = {lower.number for node in self.nodes for lower, _ in node.inputs}
        targets = [n for n in self.nodes if n.number not in used or self.maybe(0.2)]
        text = [b"let", b"  make = args: derivation ({", b'    system = "x86_64-linux"; builder = "/bin/sh";',
                b'  } // args // { args = [ "-e" "-c" args.script ]; });']
        text += [node.text() for node in self.nodes]
        text.append(b"in {")
        text += [b"  t%d = n%d;" % (n.number, n.number) for n in targets]
        (directory / "default.nix").write_bytes(b"\n".join(text + [b"}", b""]))


def main():
    seed, directory = sys.argv[1:3]
    Graph(int(seed)).write(directory)


main()
