#!/usr/bin/env bash
# Installs what is missing, builds the relay, and runs it with its demo. Ctrl-C ends it.
# What is given here goes to `roomwire serve`, for instance: deploy/run.sh --listen :3001
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source deploy/packages.sh

say() { printf '\n==> %s\n' "$*"; }

case ${1:-} in
    -h | --help)
        sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"
        exit 0
        ;;
esac

wanted=("${build_packages[@]}" curl jq)
find_swift || wanted+=("${swift_packages[@]}")
mapfile -t missing < <(missing_packages "${wanted[@]}")
if ((${#missing[@]})); then
    say "Installing ${missing[*]}"
    install_packages "${missing[@]}"
fi
if ! find_swift; then
    say "Downloading Swift $swift_version to $swift_folder (about 1 GB)"
    install_swift
    find_swift
fi

say "Building. The first time takes several minutes; later ones take seconds."
swift build -c release --product roomwire
binary="$(swift build -c release --show-bin-path)/roomwire"

say "Starting the relay with its demo. Ctrl-C ends it. In another terminal:"
cat <<END

    cd $(pwd)
    export PATH="$(dirname "$binary"):\$PATH"

It prints the commands to paste next.

END
exec "$binary" serve --demo "$@"
