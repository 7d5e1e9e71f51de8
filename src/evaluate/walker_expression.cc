#include "evaluate/walker_expression.h"

namespace grange {
namespace {

// Shared by both: auto-calling and finding attributes exactly as `nix-build -A` does. Whether a
// function takes a set pattern, and whether that ends in "...", shows only in its XML.
constexpr std::string_view kFinding = R"nix(
{ ... } @ given:
let
  arguments =
    removeAttrs given [ "grange file" "grange expression" "grange attributes" ];

  # `refuse` says what becomes of a function of which an argument has no value.
  callOr = refuse: value:
    if builtins.isAttrs value && value ? __functor then
      callOr refuse (value.__functor value)
    else if builtins.isFunction value then
      let
        xml = builtins.toXML value;
        shape = "<?xml version='1.0' encoding='utf-8'?>\n<expr>\n  <function>\n    <attrspat";
        dots = " ellipsis=\"1\"";
        begins = at: text: builtins.substring at (builtins.stringLength text) xml == text;
        formals = builtins.functionArgs value;
        absent = builtins.filter (name: !formals.${name} && !arguments ? ${name})
          (builtins.attrNames formals);
      in
        if !begins 0 shape then value
        else if absent != [ ] then refuse (builtins.head absent)
        else if begins (builtins.stringLength shape) dots then value arguments
        else value (builtins.intersectAttrs (builtins.functionArgs value) arguments)
    else
      value;

  call = callOr (name:
    throw "it is a function whose argument '${name}' has no value; give one with --arg or --argstr");

  step = parent: name:
    let value = call parent; in
    if builtins.isList value && builtins.match "[0-9]+" name != null then
      let index = builtins.fromJSON name; in
      if index < builtins.length value then builtins.elemAt value index
      else throw "list index ${name} is out of range"
    else if !builtins.isAttrs value then
      throw "cannot select '${name}' in a value that is not a set but a ${builtins.typeOf value}"
    else if value ? ${name} then value.${name}
    else throw "attribute '${name}' is missing";

  find = builtins.foldl' step;

  root = call (given."grange expression" or (import given."grange file"));
)nix";

constexpr std::string_view kWalker = R"nix(
  plain = builtins.unsafeDiscardStringContext;

  # What JSON can hold, to a limited depth. Derivations would be written as their output paths, and
  # paths would be copied to the store.
  clean = depth: value:
    let type = builtins.typeOf value; in
    if type == "set" then
      if depth == 0 || value ? outPath || value ? __toString || value ? drvPath then null
      else builtins.mapAttrs (_: clean (depth - 1)) value
    else if type == "list" then
      if depth == 0 then null else map (clean (depth - 1)) value
    else if type == "path" then toString value
    else if type == "lambda" then null
    else value;

  # One key at a time, so that one that throws costs only itself.
  describe = meta:
    let
      pair = key:
        let json = builtins.tryEval (builtins.toJSON (clean 6 meta.${key})); in
        if json.success && json.value != "null" then [ "${builtins.toJSON key}:${json.value}" ]
        else [ ];
      pairs = if builtins.isAttrs meta then builtins.concatMap pair (builtins.attrNames meta) else [ ];
    in
      plain "{${builtins.concatStringsSep "," pairs}}";

  constituent = value:
    if builtins.isString value then
      let derivations = builtins.filter (path: builtins.match ".*\\.drv" path != null)
        (builtins.attrNames (builtins.getContext value)); in
      if derivations == [ ] then [ value ] else derivations
    else [ (plain value.drvPath) ];
in
{
  grangeWalker = token:
    let
      report = kind: index: payload:
        builtins.trace "${token}${kind} ${toString index} ${payload}" null;

      target = index: name: value:
        let
          drvPath = plain value.drvPath;
          facts = { inherit name drvPath; meta = value ? meta; };
          aggregate = if value._hydraAggregate or false == true then {
            constituents = builtins.concatMap constituent (value.constituents or [ ]);
            globs = value._hydraGlobConstituents or false == true;
          } else { };
          first = report "derivation" index (builtins.toJSON (facts // aggregate));
        in
          if value ? meta then builtins.seq first (report "meta" index (describe value.meta))
          else first;

      # Package sets are full of functions that are not meant to be called with nothing. Nix walks
      # past them, and calls them only when they are asked for by name.
      visit = selected: index: name: untouched:
        let
          value = if selected then call untouched
            else callOr (missing: { "grange missing" = missing; }) untouched;
        in
        if !selected && value ? "grange missing" then
          report "other" index
            (builtins.toJSON { inherit name; type = "lambda"; missing = value."grange missing"; })
        else if !builtins.isAttrs value then
          report "other" index (builtins.toJSON { inherit name; type = builtins.typeOf value; })
        else if value.type or null == "derivation" then
          target index name value
        else if selected || value.recurseForDerivations or false == true then
          report "set" index (builtins.toJSON { inherit name; members = builtins.attrNames value; })
        else
          report "other" index (builtins.toJSON { inherit name; type = "set"; });
    in
    {
      open = builtins.seq root (report "open" 0 "{}");
      selected = index: path: visit true index "" (find root (builtins.fromJSON path));
      members = path: first: count:
        let
          parent = call (find root (builtins.fromJSON path));
          names = builtins.attrNames parent;
          one = offset:
            let name = builtins.elemAt names (first + offset); in
            visit false (first + offset) name parent.${name};
        in
          builtins.foldl' (_: one) null (builtins.genList (offset: offset) count);
    };
}
)nix";

constexpr std::string_view kSelection = R"nix(
  paths = builtins.fromJSON given."grange attributes";

  # Sets that lead to a selected value are there to be walked, whatever they say themselves.
  plant = tree: path: value:
    if path == [ ] then value
    else
      let name = builtins.head path; in
      tree // {
        recurseForDerivations = true;
        ${name} = plant (tree.${name} or { }) (builtins.tail path) value;
      };

  selected = path:
    let value = call (find root path); in
    if builtins.isAttrs value && value.type or null != "derivation" then
      value // { recurseForDerivations = true; }
    else value;
in
  if paths == [ ] then root
  else builtins.foldl' (tree: path: plant tree path (selected path)) { } paths
)nix";

}  // namespace

std::string walker_expression() {
  return std::string(kFinding).append(kWalker);
}

std::string selection_expression() {
  return std::string(kFinding).append(kSelection);
}

}  // namespace grange
