#!/bin/sh
# Installs Cairn from the folder this script lies in, for one person and without an administrator; see --help.
#
# What is installed is written down, and only that is ever removed. A version lies in a folder of its own and becomes the
# current one by one rename, so an upgrade that is cut short changes nothing and a Cairn that is open keeps its files.
set -eu

usage() {
    cat <<'END'
Usage: install.sh [--prefix DIR]              install Cairn, or upgrade it
       install.sh --uninstall [--prefix DIR]  remove it

Without --prefix:
  the application     ~/.local/opt/cairn
  the command         ~/.local/bin/cairn
  menu, icons, types  ~/.local/share, or $XDG_DATA_HOME
With --prefix DIR all of it goes below DIR. Settings and logs of Cairn are not touched by either.
Exit code: 0 done, 1 failed and nothing changed, 2 wrong use.
END
}

say() { printf '%s\n' "install.sh: $*" >&2; }

fail() {
    say "$@"
    exit 1
}

# ---- where things go -------------------------------------------------------------------------------------------------

action=install
prefix=
while [ $# -gt 0 ]; do
    case $1 in
        --uninstall) action=uninstall ;;
        --prefix=*) prefix=${1#--prefix=} ;;
        --prefix)
            [ $# -gt 1 ] || { say "--prefix needs a folder; see --help."; exit 2; }
            shift
            prefix=$1
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        *)
            say "\"$1\" is not understood; see --help."
            exit 2
            ;;
    esac
    shift
done

source_folder=$(cd "$(dirname "$0")" && pwd -P)
if [ -n "$prefix" ]; then
    case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
    share=$prefix/share
else
    [ -n "${HOME:-}" ] || fail "HOME is not set; name a folder with --prefix."
    prefix=$HOME/.local
    share=${XDG_DATA_HOME:-$HOME/.local/share}
    case $share in /*) ;; *) share=$HOME/.local/share ;; esac # the standard says to ignore a relative one
fi
home=$prefix/opt/cairn
bin=$prefix/bin
files_list=$home/installed-files     # outside of $home, one absolute path a line
folders_list=$home/installed-folders # made for them, outermost first
newline='
'
case $home$share in *"$newline"*) fail "A folder name with a line break in it is not supported; name another with --prefix." ;; esac

# ---- small parts -----------------------------------------------------------------------------------------------------

# missing_folders DIR: DIR and its parents as far as they are not there, outermost first.
missing_folders() {
    [ -d "$1" ] && return 0
    missing_folders "$(dirname "$1")"
    printf '%s\n' "$1"
}

# make_folder DIR: makes it with its parents and writes down those that were not there.
make_folder() {
    [ -d "$1" ] && return 0
    missing=$(missing_folders "$1")
    mkdir -p -- "$1"
    printf '%s\n' "$missing" >>"$folders_list"
}

listed() { [ -f "$2" ] && grep -Fqx -- "$1" "$2"; }

# remove_version DIR: removes what the list beside it names, then the folders that are empty.
remove_version() {
    if [ -d "$1" ]; then
        (cd "$1" && tr '\n' '\0' <"$1.files" | xargs -0 rm -f --)
        find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || :
        [ ! -d "$1" ] || say "$1 holds files that are not Cairn's; they were left there."
    fi
    rm -f -- "$1.files"
}

# in_use DIR: whether a program of this folder runs.
in_use() {
    for link in /proc/[0-9]*/exe; do
        case $(readlink "$link" 2>/dev/null) in "$1"/*) return 0 ;; esac
    done
    return 1
}

# remove_versions KEPT: removes every version but the one of that name and those that still run.
remove_versions() {
    for list in "$home"/version-*.files; do
        [ -e "$list" ] || continue
        version=${list%.files}
        [ "$version" = "$home/$1" ] && continue
        if [ "$action" = install ] && in_use "$version"; then
            say "An older Cairn is still open. Its files go with the next installation; restart it to use the new one."
        else
            remove_version "$version"
        fi
    done
}

# desktop_string TEXT, shell_string TEXT: TEXT quoted for Exec= of a desktop entry, and for a shell.
desktop_string() { printf '%s' "$1" | sed -e 's/[\\"`$]/\\&/g' -e 's/\\/\\\\/g' -e 's/%/%%/g' -e 's/.*/"&"/'; }
shell_string() { printf '%s' "$1" | sed -e "s/'/'\\\\''/g" -e "s/.*/'&'/"; }

renew_caches() {
    if command -v update-mime-database >/dev/null && [ -d "$share/mime/packages" ]; then
        update-mime-database "$share/mime" >/dev/null 2>&1 || :
    fi
    if command -v update-desktop-database >/dev/null && [ -d "$share/applications" ]; then
        update-desktop-database -q "$share/applications" 2>/dev/null || :
    fi
}

# ---- installing ------------------------------------------------------------------------------------------------------

# place FILE TARGET: copies one file and writes its place down.
place() {
    make_folder "$(dirname "$2")"
    cp -- "$1" "$2.new-$$"
    mv -f -- "$2.new-$$" "$2"
    listed "$2" "$files_list" || printf '%s\n' "$2" >>"$files_list"
}

# share_files: what lies in usr/share of this folder, one path a line.
share_files() { (cd "$source_folder/usr/share" && find . -type f | sed 's|^\./||' | sort); }

refuse_foreign_files() {
    { printf '%s\n' "$bin/cairn"; share_files | sed "s|^|$(printf '%s' "$share" | sed 's/[\\&|]/\\&/g')/|"; } |
        while IFS= read -r target; do
            if { [ -e "$target" ] || [ -L "$target" ]; } && ! listed "$target" "$files_list"; then
                say "$target is there already and was not installed by this script. Move it away, or choose --prefix DIR."
                exit 1
            fi
        done || exit 1
}

# clean_up: after an installation that failed; a version that was there before stays as it was.
clean_up() {
    [ -n "$unfinished" ] || return 0
    rm -rf -- "$unfinished" "$unfinished.files" # made by this very run
    rm -f -- "$home"/.being-written-$$ "$home"/.current-$$
    [ -e "$home/current" ] || remove_listed
    say "Nothing was installed."
}

install_application() {
    mkdir "$unfinished"
    cp -RPp "$source_folder/opt/cairn/." "$unfinished" ||
        fail "Copying to $home failed; is there room? $(du -sk "$source_folder/opt/cairn" | cut -f1) KiB are needed."
    "$unfinished/cairn" --version >/dev/null ||
        fail "This Cairn does not start on this computer; README.txt says what it needs."
    (cd "$unfinished" && find . ! -type d | sed 's|^\./||') >"$unfinished.files"
}

# write_desktop_entry FILE: writes it to $written, with the program's full path, since ~/.local/bin need not be on the PATH.
write_desktop_entry() {
    while IFS= read -r line; do
        case $line in
            Exec=*) printf 'Exec=%s %%F\n' "$(desktop_string "$program")" ;;
            TryExec=*) ;; # a path with spaces would be read differently by different desktops
            *) printf '%s\n' "$line" ;;
        esac
    done <"$1" >"$written"
    chmod 644 "$written"
}

install_desktop_files() {
    program=$home/current/cairn
    written=$home/.being-written-$$
    share_files | while IFS= read -r name; do
        case $name in
            *.desktop)
                write_desktop_entry "$source_folder/usr/share/$name"
                place "$written" "$share/$name"
                ;;
            *) place "$source_folder/usr/share/$name" "$share/$name" ;;
        esac
    done
    printf '#!/bin/sh\nexec %s "$@"\n' "$(shell_string "$program")" >"$written"
    chmod 755 "$written"
    place "$written" "$bin/cairn"
    rm -f -- "$written"
}

install_all() {
    [ -x "$source_folder/opt/cairn/cairn" ] || fail "The application is not beside this script; unpack the whole archive first."
    refuse_foreign_files
    version=version-$(cat "$source_folder/VERSION")-$$
    unfinished=$home/$version
    trap clean_up EXIT
    trap 'exit 1' HUP INT TERM
    make_folder "$home"
    install_application
    install_desktop_files
    ln -s "$version" "$home/.current-$$"
    mv -fT "$home/.current-$$" "$home/current"
    unfinished=
    place "$source_folder/install.sh" "$home/install.sh"
    remove_versions "$version"
    renew_caches
    printf '%s\n' "Cairn $(cat "$source_folder/VERSION") is installed in $home."
    case :${PATH:-}: in
        *:"$bin":*) echo "Start it from the menu, or type: cairn" ;;
        *)
            echo "Start it from the menu. To type \"cairn\" in a terminal, add this line to ~/.profile and log in again:"
            printf '    export PATH=%s:"%s"\n' "$(shell_string "$bin")" "\$PATH"
            ;;
    esac
    printf '%s\n' "Remove it with: $(shell_string "$home/install.sh") --uninstall$uninstall_option"
}

# ---- removing --------------------------------------------------------------------------------------------------------

# What update-mime-database and update-desktop-database wrote goes with the folder, if the folder was ours and has nothing else.
remove_caches() {
    if listed "$share/mime/packages" "$folders_list" && rmdir "$share/mime/packages" 2>/dev/null; then
        for name in XMLnamespaces aliases generic-icons globs globs2 icons magic mime.cache subclasses treemagic types version; do
            rm -f -- "$share/mime/$name"
        done
        rmdir "$share/mime/application" 2>/dev/null || :
    fi
    if listed "$share/applications" "$folders_list"; then
        others=$(find "$share/applications" -mindepth 1 ! -name mimeinfo.cache | head -n 1)
        [ -n "$others" ] || rm -f -- "$share/applications/mimeinfo.cache"
    fi
}

# remove_listed: all files and folders that were written down, and the lists.
remove_listed() {
    if [ -f "$files_list" ]; then
        while IFS= read -r target; do
            rm -f -- "$target"
        done <"$files_list"
    fi
    renew_caches
    remove_caches
    folders=$(sort -r "$folders_list") # inner ones first
    rm -f -- "$files_list" "$folders_list"
    printf '%s\n' "$folders" | while IFS= read -r folder; do
        rmdir -- "$folder" 2>/dev/null || :
    done
}

uninstall() {
    [ -f "$files_list" ] || fail "Cairn was not installed in $home by this script. Name the folder it was given with --prefix."
    in_use "$home" && fail "Cairn is open; close it first."
    remove_versions none
    rm -f -- "$home/current"
    remove_listed
    printf '%s\n' "Cairn was removed from $home."
}

uninstall_option=
[ "$prefix" = "${HOME:-}/.local" ] || uninstall_option=" --prefix $(shell_string "$prefix")"
case $action in
    install) install_all ;;
    uninstall) uninstall ;;
esac
