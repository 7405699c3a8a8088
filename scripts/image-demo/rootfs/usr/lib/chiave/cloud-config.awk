# Reads the shapes of #cloud-config that people and wizards write, and leaves each value in a file below `out`:
# out/hostname, out/users/1/name, out/write_files/1/content, out/runcmd.sh … Not a YAML parser.

function indent_of(line) { match(line, /^ */); return RLENGTH }

function unquote(text) {
  sub(/^[ \t]+/, "", text); sub(/[ \t\r]+$/, "", text)
  if (text ~ /^".*"$/) { text = substr(text, 2, length(text) - 2); gsub(/\\"/, "\"", text); gsub(/\\\\/, "\\", text); return text }
  if (text ~ /^'.*'$/) { text = substr(text, 2, length(text) - 2); gsub(/''/, "'", text); return text }
  sub(/[ \t]+#.*$/, "", text)
  return text
}

function shell_quote(text) { gsub(/'/, "'\\''", text); return "'" text "'" }

# [a, "b, c", d] as words of a command.
function words(text,   result, rest, item) {
  rest = text; sub(/^\[/, "", rest); sub(/\][ \t]*$/, "", rest); result = ""
  while (rest != "") {
    sub(/^[ \t]+/, "", rest)
    if (match(rest, /^"([^"\\]|\\.)*"/) || match(rest, /^'([^']|'')*'/) || match(rest, /^[^,]+/)) {
      item = substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1)
      result = result (result == "" ? "" : " ") shell_quote(unquote(item))
    }
    if (!sub(/^[ \t]*,/, "", rest)) break
  }
  return result
}

function put(path, text) { print text >> (out "/" path); close(out "/" path) }

function store(key, text) {
  if (key == "" || text == "") return
  if (text ~ /^[|>][-+]?$/) { block = key; block_indent = -1; return }
  put(key, unquote(text))
}

# The list that an item belongs to decides what it means.
function list_item(text) {
  if (list ~ /ssh_authorized_keys$/) { put(list, unquote(text)); return }
  if (list == "runcmd") {
    if (text ~ /^[|>][-+]?$/) { block = "runcmd.sh"; block_indent = -1; return }
    put("runcmd.sh", text ~ /^\[/ ? words(text) : unquote(text)); return
  }
  if (list == "users" || list == "write_files") {
    item++; here = list "/" item; system("mkdir -p " out "/" here)
    if (text ~ /^[A-Za-z_-]+:/) pair(here "/", text); else put(here "/name", unquote(text))
  }
}

function pair(prefix, text,   key, rest) {
  key = text; sub(/:.*$/, "", key); rest = text; sub(/^[^:]*:[ \t]*/, "", rest); sub(/[ \t\r]+$/, "", rest)
  gsub(/-/, "_", key)
  if (rest == "") { inner = prefix key; if (prefix == "") { list = key; item = 0 } else if (key ~ /keys$/) { sublist = prefix key } return }
  if (key ~ /ssh_authorized_keys$/ && rest ~ /^\[/) { rest = words(rest); gsub(/' '/, "\n", rest); gsub(/'/, "", rest); put(prefix key, rest); return }
  store(prefix key, rest)
}

block != "" {
  if ($0 ~ /^[ \t]*$/) { put(block, ""); next }
  if (block_indent < 0) block_indent = indent_of($0)
  if (indent_of($0) >= block_indent && block_indent > 0) { put(block, substr($0, block_indent + 1)); next }
  block = ""
}
/^[ \t]*#/ || /^[ \t\r]*$/ { next }
{
  line = $0; sub(/\r$/, "", line); depth = indent_of(line); text = substr(line, depth + 1)
  if (depth == 0 && text !~ /^- ?/) { list = ""; sublist = ""; here = ""; top_depth = -1; pair("", text); next }
  if (text ~ /^- ?/) {
    body = text; sub(/^- */, "", body)
    if (top_depth < 0) top_depth = depth
    if (depth > top_depth && sublist != "") put(sublist, unquote(body)); else { sublist = ""; list_item(body) }
    next
  }
  if (here != "") { sublist = ""; pair(here "/", text); next }
}
