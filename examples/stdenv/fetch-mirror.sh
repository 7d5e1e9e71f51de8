# Copies the first of $urls that a mirror has to $out. "mirror://NAME/PATH": the mirrors "tree" and
# "backup" hold the same files; any other name is a mirror that is gone.
source "$setup"

for url in $urls; do
  case $url in
    mirror://tree/*) path=$mirrors/${url#mirror://tree/} ;;
    mirror://backup/*) path=$mirrors/${url#mirror://backup/} ;;
    *) path= ;;
  esac
  if [ -n "$path" ] && [ -e "$path" ]; then
    echo "fetching $url"
    cp -r "$path" "$out"
    exit 0
  fi
  echo "cannot fetch $url"
done
echo "none of the URLs of $name can be fetched"
exit 1
