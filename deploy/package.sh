#!/usr/bin/env bash
# Builds a Debian package of the relay: a binary that needs no Swift on the machine it runs on, the units of systemd,
# default settings, and a manual page made of the command's own help.
#
#   deploy/package.sh                     builds a release with the Swift runtime inside; some minutes
#   deploy/package.sh --binary FILE       takes this binary instead; one that needs Swift's libraries keeps needing them
#   deploy/package.sh --output FOLDER     where the package goes; default: .build
#   deploy/package.sh --install-missing   installs what is missing to build, through sudo if need be
#
# The version is the first in deploy/debian/changelog. DPKG_DEB_COMPRESSOR_TYPE=gzip makes it faster and larger.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source deploy/packages.sh

fail() {
    printf 'deploy/package.sh: %s\n' "$*" >&2
    exit 1
}

binary=${ROOMWIRE_BINARY:-}
output=.build
install_missing=
while (($#)); do
    case $1 in
        --binary | --output)
            (($# > 1)) || fail "$1 needs a value"
            if [[ $1 == --binary ]]; then binary=$2; else output=$2; fi
            shift
            ;;
        --install-missing) install_missing=1 ;;
        -h | --help)
            sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) fail "there is no option $1" ;;
    esac
    shift
done

wanted=("${packaging_packages[@]}")
[[ -n $binary ]] || wanted+=("${build_packages[@]}")
mapfile -t missing < <(missing_packages "${wanted[@]}")
if ((${#missing[@]})); then
    [[ -n $install_missing ]] || fail "packages are missing. To install them: $(install_command "${missing[@]}")"
    install_packages "${missing[@]}"
fi

checkouts=.build/checkouts
if [[ -z $binary ]]; then
    find_swift || fail "Swift is missing: https://www.swift.org/install/linux/, or run deploy/run.sh once"
    # A folder of its own: the same modules, compiled to be linked with the runtime inside.
    build=(swift build -c release --static-swift-stdlib --product roomwire --scratch-path .build/static)
    "${build[@]}"
    binary="$("${build[@]}" --show-bin-path)/roomwire"
    checkouts=.build/static/checkouts
fi
[[ -x $binary ]] || fail "there is no binary at $binary"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
debian=deploy/debian
documents=$root/usr/share/doc/roomwire
version=$(dpkg-parsechangelog -l $debian/changelog -S Version)
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l $debian/changelog -S Timestamp)
export SOURCE_DATE_EPOCH
umask 022

install -D "$binary" "$root/usr/bin/roomwire"
strip --strip-unneeded "$root/usr/bin/roomwire"
install -D -m 0644 -t "$root/lib/systemd/system" deploy/systemd/roomwire.service deploy/systemd/roomwire.socket
install -D -m 0640 $debian/roomwire.yaml "$root/etc/roomwire/roomwire.yaml"
install -D -m 0640 $debian/roomwire.default "$root/etc/default/roomwire"

command="$root/usr/bin/roomwire"
mkdir -p "$root/usr/share/man/man1"
"$command" --experimental-dump-help | python3 $debian/manual.py --version "$version" --date "@$SOURCE_DATE_EPOCH" |
    gzip -9n >"$root/usr/share/man/man1/roomwire.1.gz"
completions=(bash bash-completion/completions/roomwire zsh zsh/vendor-completions/_roomwire
    fish fish/vendor_completions.d/roomwire.fish)
for ((i = 0; i < ${#completions[@]}; i += 2)); do
    file=$root/usr/share/${completions[i + 1]}
    mkdir -p "$(dirname "$file")"
    # Without a first line for the kernel: these are read, not run.
    "$command" --generate-completion-script "${completions[i]}" | sed '1{/^#!/d}' >"$file"
done

install -D -m 0644 $debian/copyright "$documents/copyright"
gzip -9n <$debian/changelog >"$documents/changelog.gz"
install -D -m 0644 $debian/lintian-overrides "$root/usr/share/lintian/overrides/roomwire"
# What is linked into the binary asks for its notices to be passed on.
notices() {
    local file
    for file in "$checkouts"/*/{LICENSE,NOTICE}* "$(dirname "$(command -v swift || echo /)")"/../share/swift/LICENSE*; do
        # What builds the documentation is linked into nothing.
        [[ -f $file && $file != */swift-docc-* ]] || continue
        printf '==== %s\n\n' "$(basename "$(dirname "$file")") $(basename "$file")"
        cat "$file"
        printf '\n'
    done
}
notices | gzip -9n >"$documents/THIRD-PARTY.gz"

# dpkg-shlibdeps wants a source package around the binary; Swift's own libraries belong to no package.
mkdir -p "$work/debian" "$root/DEBIAN"
printf 'Source: roomwire\n\nPackage: roomwire\nArchitecture: any\n' >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps -O --ignore-missing-info -e root/usr/bin/roomwire 2>shlibdeps.txt) ||
    fail "dpkg-shlibdeps failed: $(grep error "$work/shlibdeps.txt")"
install -m 0755 -t "$root/DEBIAN" $debian/postinst $debian/prerm $debian/postrm
install -m 0644 -t "$root/DEBIAN" $debian/conffiles
sed -e "s|@version@|$version|; s|@architecture@|$(dpkg --print-architecture)|; s|@depends@|${depends#shlibs:Depends=}|" \
    -e "s|@maintainer@|$(dpkg-parsechangelog -l $debian/changelog -S Maintainer)|" \
    -e "s|@size@|$(du -sk --exclude=DEBIAN "$root" | cut -f1)|" $debian/control >"$root/DEBIAN/control"
(cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)

mkdir -p "$output"
package=$output/roomwire_${version}_$(dpkg --print-architecture).deb
dpkg-deb --root-owner-group --build "$root" "$package" >/dev/null
echo "$package"
