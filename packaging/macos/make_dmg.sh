#!/bin/sh
# Signs Cairn.app and packs it into a disk image with a link to /Applications. macOS only.
#
# Usage: make_dmg.sh [APP [FOLDER]]     default: dist/Cairn.app dist
# Environment, all optional:
#   CAIRN_SIGNING_IDENTITY   a "Developer ID Application: ..." of the keychain; without it the signature is ad hoc, and people
#                            must open the application through Privacy & Security once
#   APPLE_ID, APPLE_TEAM_ID, APPLE_APP_PASSWORD   all three: Apple notarizes the image, and its ticket is stapled to it
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
app=${1:-dist/Cairn.app}
folder=${2:-dist}
identity=${CAIRN_SIGNING_IDENTITY:--}
largest_mb=260

fail() {
    echo "make_dmg.sh: $*" >&2
    exit 2
}

# sign PATH [OPTION...]: the hardened runtime and Apple's clock need a real identity.
sign() {
    target=$1
    shift
    if [ "$identity" = - ]; then
        codesign --force --sign - "$@" "$target"
    else
        codesign --force --timestamp --options runtime --sign "$identity" "$@" "$target"
    fi
}

# From the inside out, as codesign wants it: libraries, frameworks, programs, the application.
sign_application() {
    entitlements=$here/entitlements.plist
    find "$app/Contents" -type f \( -name '*.dylib' -o -name '*.so' \) -print | while IFS= read -r library; do
        sign "$library"
    done
    find "$app/Contents" -depth -type d -name '*.framework' -print | while IFS= read -r framework; do
        sign "$framework"
    done
    find "$app/Contents" -type f -perm +111 ! -name '*.dylib' ! -name '*.so' ! -path '*.framework/*' -print |
        while IFS= read -r program; do
            case $(file -b "$program") in *Mach-O*) sign "$program" --entitlements "$entitlements" ;; esac
        done
    sign "$app" --entitlements "$entitlements"
    codesign --verify --deep --strict "$app"
}

make_image() {
    staging=$(mktemp -d)
    trap 'rm -rf "$staging"' EXIT
    ditto "$app" "$staging/Cairn.app"
    ln -s /Applications "$staging/Applications"
    hdiutil create -quiet -volname "Cairn $version" -srcfolder "$staging" -fs HFS+ -format ULMO -ov "$image"
}

notarize() {
    xcrun notarytool submit "$image" --wait --apple-id "$APPLE_ID" --team-id "$APPLE_TEAM_ID" --password "$APPLE_APP_PASSWORD"
    xcrun stapler staple "$image"
    spctl --assess --type open --context context:primary-signature "$image"
}

[ "$(uname -s)" = Darwin ] || fail "disk images can only be made on macOS."
[ -d "$app" ] || fail "$app is missing; build it first: packaging/build_app.py"
version=$(/usr/libexec/PlistBuddy -c 'Print CFBundleShortVersionString' "$app/Contents/Info.plist")
image=$folder/cairn-$version-macos-arm64.dmg
sign_application
make_image
[ "$identity" = - ] || sign "$image"
if [ -n "${APPLE_ID:-}" ] && [ -n "${APPLE_TEAM_ID:-}" ] && [ -n "${APPLE_APP_PASSWORD:-}" ]; then
    [ "$identity" != - ] || fail "Apple notarizes only what is signed; set CAIRN_SIGNING_IDENTITY."
    notarize
fi
size_mb=$(($(stat -f %z "$image") / 1000000))
echo "$image: $size_mb MB"
[ "$size_mb" -le "$largest_mb" ] || fail "$image is larger than $largest_mb MB; build_app.py says what is large."
