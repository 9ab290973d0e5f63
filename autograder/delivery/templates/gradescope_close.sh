#!/usr/bin/env bash
# Leaves to other users of this machine what student code needs, and nothing else.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

chmod -R go=u-w "$here/course"
chmod 755 "$here" "$here/autograder"
chmod -R go= "$here"/*.* "$here"/solutions "$here"/exercises "$here"/autograder/*/
chmod -R go=u-w "$here"/autograder/__init__.py "$here"/autograder/sandbox
