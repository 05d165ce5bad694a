#!/usr/bin/env bash
# Check all deployment files, offline and without a Docker engine. Runs from any directory; `make lint`
# runs it. Needs the virtual environment of `make install` and a docker client with `stack config`.
set -euo pipefail
cd "$(dirname "$0")/.."
BIN=.venv/bin

say() { printf 'deploy: %s\n' "$*" >&2; }

knows_stack_config() {
  printf 'services: {probe: {image: probe}}\n' | docker stack config -c - > /dev/null 2>&1
}

# The client alone is enough. Debian 13 packages it as docker-cli; Debian 12's client (docker.io,
# 20.10) has no `stack config`.
obtain_docker() {
  knows_stack_config && return
  if [[ $(id -u) == 0 ]] && command -v apt-get > /dev/null; then
    say "found no docker client with 'stack config'; installing Debian's docker-cli"
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends docker-cli; } \
      > /dev/null 2>&1 || true
    hash -r
  fi
  knows_stack_config && return
  say "the stack file cannot be checked: install a docker client that knows 'docker stack config' (Docker 25 or later; it needs no engine)."
  exit 1
}

[[ -x $BIN/python ]] || { say "run 'make install' first."; exit 1; }
obtain_docker

say "stack file"
docker stack config -c swarm-stack.yml > /dev/null
"$BIN/check-jsonschema" -q --builtin-schema vendor.compose-spec swarm-stack.yml
"$BIN/python" deploy/check_stack.py swarm-stack.yml

say "Dockerfile"
"$BIN/hadolint" Dockerfile

say "scripts"
git ls-files -z --cached --others --exclude-standard -- '*.sh' | xargs -0 -r "$BIN/shellcheck"
"$BIN/mypy" deploy/check_stack.py

say "CI and hooks"
"$BIN/check-jsonschema" -q --builtin-schema vendor.github-workflows .github/workflows/*.yml
"$BIN/check-jsonschema" -q --builtin-schema vendor.gitlab-ci .gitlab-ci.yml
"$BIN/pre-commit" validate-config .pre-commit-config.yaml
say "no faults found"
