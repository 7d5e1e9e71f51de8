{ fetchMirror }:

fetchMirror {
  name = "tally-1.2-source";
  urls = [ "mirror://tree/tally-1.2" "mirror://backup/tally-1.2" ];
  recursive = true;
  sha256 = "0pqb2pic1d6q92lxfd65a9ljnw6k75gazwl0izfmfnmv9k7ggva8";
  meta.description = "Source of tally";
}
