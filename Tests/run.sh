#!/usr/bin/env bash
# Builds everything and runs all tests: those in Swift, then those of the running relay in Tests/blackbox.
#
#   Tests/run.sh             everything
#   Tests/run.sh --quick     without the tests that take long: the browser, kill -9, clients that drip
#   Tests/run.sh --counts    only the counts: system calls, allocations, bytes of memory. A release build is held to
#                            the budgets, another to bounds of its own
#
# ROOMWIRE_BINARY=path tests that relay instead, and builds nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source deploy/packages.sh

say() { printf '\n==> %s\n' "$*"; }
fail() {
    printf 'Tests/run.sh: %s\n' "$*" >&2
    exit 1
}

selection=()
blackbox=Tests/blackbox
failed=()
for argument in "$@"; do
    case $argument in
        --quick) selection=(-m "not slow") ;;
        --counts) blackbox=Tests/blackbox/test_counts.py ;;
        -h | --help)
            sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) fail "there is no option $argument, only --quick and --counts" ;;
    esac
done

mapfile -t missing < <(missing_packages "${build_packages[@]}" "${test_packages[@]}")
((${#missing[@]} == 0)) || fail "packages are missing. To install them: $(install_command "${missing[@]}")"

if [[ -z ${ROOMWIRE_BINARY:-} ]]; then
    find_swift || fail "Swift is missing: https://www.swift.org/install/linux/, or run deploy/run.sh once"
    say "swift build"
    swift build --build-tests
    say "swift test"
    swift test --skip-build --parallel --disable-xctest || failed+=("swift test")
    ROOMWIRE_BINARY="$(swift build --show-bin-path)/roomwire"
fi
export ROOMWIRE_BINARY

# Made anew when the requirements or the Python have changed.
environment=.build/blackbox-venv
fingerprint="$(python3 --version) $(sha256sum <Tests/blackbox/requirements.txt)"
if [[ $(cat $environment/fingerprint 2>/dev/null) != "$fingerprint" ]]; then
    say "Python packages"
    rm -rf $environment
    python3 -m venv $environment
    $environment/bin/pip install --quiet --disable-pip-version-check -r Tests/blackbox/requirements.txt
    echo "$fingerprint" >$environment/fingerprint
fi

say "$blackbox"
$environment/bin/python -m pytest -c Tests/blackbox/pytest.ini "${selection[@]}" $blackbox ||
    failed+=("$blackbox")

((${#failed[@]} == 0)) || fail "failed: ${failed[*]}"
