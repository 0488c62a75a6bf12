# SPDX-License-Identifier: Apache-2.0
#
# A repository is packed by threads, and comes out as it went in.
# packages: git
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash"

export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=n GIT_AUTHOR_EMAIL=e GIT_COMMITTER_NAME=n GIT_COMMITTER_EMAIL=e
export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
git init -q repository
cd repository || exit 1
for commit in {1..30}; do
  for file in {1..10}; do seq "$commit" $((commit * file + 2000)) > "$file.txt"; done
  git add .
  git commit -q -m "$commit"
done
before=$(git rev-list --all --objects | sort | sha256sum)
check gc git -c pack.threads=4 gc -q --aggressive
check fsck git fsck --full --strict
check objects is "$before" "$(git rev-list --all --objects | sort | sha256sum)"
check grep is 30 "$(git log --oneline | wc -l)"
check clone git clone -q --no-local . ../clone
