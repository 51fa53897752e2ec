#!/usr/bin/env bash
# Builds the articles in Sources/roomwire/Documentation.docc as a web site. A warning is an error.
#
#   deploy/documentation.sh            into .build/documentation
#   deploy/documentation.sh FOLDER     into this folder, which is replaced
#
# To read it: python3 -m http.server -d FOLDER, then http://127.0.0.1:8000/documentation/roomwire
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source deploy/packages.sh

case ${1:-} in
    -h | --help)
        sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
        exit 0
        ;;
esac

folder=$(realpath -m "${1:-.build/documentation}")
if [[ -e $folder && ! -e $folder/metadata.json && -n $(ls -A "$folder") ]]; then
    echo "deploy/documentation.sh: $folder is something else than documentation" >&2
    exit 1
fi
find_swift || { echo "deploy/documentation.sh: Swift is missing" >&2 && exit 1; }
rm -rf "$folder"
# Of the command only articles are documented: it has no public symbols.
swift package --allow-writing-to-directory "$folder" generate-documentation --target roomwire \
    --warnings-as-errors --symbol-graph-minimum-access-level public --output-path "$folder"
python3 deploy/documentation-links.py "$folder"
