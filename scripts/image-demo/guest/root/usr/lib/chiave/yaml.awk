# Reads the usual shapes of YAML (and JSON) and prints one line for each scalar: path, tab, value. A path is the keys and
# indices with "." between; in values backslash, newline and tab are written as \\, \n and \t. Not read: anchors, tags,
# several documents, complex keys.

{ sub(/\r$/, ""); line[++total] = $0 }

END { cursor = 1; if (skip()) node(0, "") }

function emit(path, value) {
  gsub(/\\/, "&&", value)
  gsub(/\n/, "\\n", value)
  gsub(/\t/, "\\t", value)
  print path "\t" value
}

function join_path(path, key) { return path == "" ? key : path "." key }

function indent_of(text) { match(text, /^ */); return RLENGTH }

# Goes on to the next line that says something; 0 at the end.
function skip() {
  while (cursor <= total && (line[cursor] ~ /^[ \t]*(#.*)?$/ || line[cursor] ~ /^(---|\.\.\.)[ \t]*$/)) cursor++
  return cursor <= total
}

function is_item(text) { return text ~ /^ *-([ \t]|$)/ }

# The key of a mapping's line into found_key, what follows into found_rest; 0 when it is none.
function split_key(text,    body, quote, end) {
  body = text
  sub(/^ */, "", body)
  quote = substr(body, 1, 1)
  if (quote == "\"" || quote == "'") {
    end = index(substr(body, 2), quote)
    if (!end) return 0
    found_key = substr(body, 2, end - 1)
    body = substr(body, end + 2)
    if (body !~ /^[ \t]*:([ \t]|$)/) return 0
    sub(/^[ \t]*:[ \t]*/, "", body)
  } else {
    if (quote ~ /[[{&*!|>%@`]/) return 0
    if (!match(body, /:([ \t]|$)/)) return 0
    found_key = substr(body, 1, RSTART - 1)
    sub(/[ \t]+$/, "", found_key)
    body = substr(body, RSTART + 1)
    sub(/^[ \t]+/, "", body)
  }
  found_rest = body ~ /^#/ ? "" : body
  return 1
}

function node(least, path,    depth) {
  if (!skip()) return
  depth = indent_of(line[cursor])
  if (depth < least) return
  if (is_item(line[cursor])) sequence(depth, path)
  else if (split_key(line[cursor])) mapping(depth, path)
  else value(substr(line[cursor], depth + 1), depth - 1, path)
}

function sequence(depth, path,    count, rest, offset, item) {
  count = 0
  while (skip() && indent_of(line[cursor]) == depth && is_item(line[cursor])) {
    item = join_path(path, count++)
    rest = line[cursor]
    sub(/^ *-[ \t]*/, "", rest)
    if (rest == "" || rest ~ /^#/) {
      cursor++
      if (skip() && indent_of(line[cursor]) > depth) node(depth + 1, item)
      else emit(item, "")
    } else {
      offset = length(line[cursor]) - length(rest)
      if (is_item(rest) || split_key(rest)) {
        # "- key: value": a mapping that begins on the item's own line.
        line[cursor] = sprintf("%" offset "s", "") rest
        node(offset, item)
      } else value(rest, depth, item)
    }
  }
}

function mapping(depth, path,    key, rest) {
  while (skip() && indent_of(line[cursor]) == depth && !is_item(line[cursor]) && split_key(line[cursor])) {
    key = join_path(path, found_key)
    rest = found_rest
    if (rest == "") {
      cursor++
      if (skip() && (indent_of(line[cursor]) > depth || (indent_of(line[cursor]) == depth && is_item(line[cursor])))) node(depth, key)
      else emit(key, "")
    } else value(rest, depth, key)
  }
}

# A value that begins with this text on the present line; it may go on below, indented deeper than depth.
function value(text, depth, path,    first) {
  first = substr(text, 1, 1)
  cursor++
  if (first == "|" || first == ">") block(text, depth, path)
  else if (first == "[" || first == "{") {
    flow = text
    while (!balanced(flow) && cursor <= total) flow = flow " " line[cursor++]
    at = 1
    flow_node(path)
  } else if (first == "\"" || first == "'") {
    flow = text
    while (!closed(flow, first) && cursor <= total) {
      sub(/^[ \t]+/, "", line[cursor])
      flow = flow " " line[cursor++]
    }
    at = 1
    emit(path, quoted())
  } else {
    sub(/[ \t]+#.*$/, "", text)
    while (skip_plain(depth)) {
      first = line[cursor++]
      sub(/^[ \t]+/, "", first)
      sub(/[ \t]+#.*$/, "", first)
      text = text " " first
    }
    sub(/[ \t]+$/, "", text)
    if (text == "~" || text == "null") text = ""
    emit(path, text)
  }
}

function skip_plain(depth) {
  return cursor <= total && line[cursor] !~ /^[ \t]*(#.*)?$/ && indent_of(line[cursor]) > depth
}

function block(head, depth, path,    text, inner, content, folded, gap) {
  folded = substr(head, 1, 1) == ">"
  inner = match(head, /[1-9]/) ? (depth < 0 ? 0 : depth) + substr(head, RSTART, 1) : 0
  text = ""
  while (cursor <= total) {
    if (line[cursor] ~ /^[ \t]*$/) {
      text = text "\n"
      cursor++
      continue
    }
    if (!inner) {
      if (indent_of(line[cursor]) <= depth) break
      inner = indent_of(line[cursor])
    }
    if (indent_of(line[cursor]) < inner) break
    content = substr(line[cursor++], inner + 1)
    text = text content "\n"
  }
  if (folded) {
    gsub(/\n\n/, "\001", text)
    gap = sub(/\n$/, "", text)
    gsub(/\n/, " ", text)
    gsub("\001", "\n", text)
    if (gap) text = text "\n"
  }
  if (head ~ /-/) sub(/\n+$/, "", text)
  else if (head !~ /\+/) { sub(/\n+$/, "", text); if (text != "") text = text "\n" }
  emit(path, text)
}

function closed(text, quote,    i, c) {
  for (i = 2; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (quote == "\"" && c == "\\") { i++; continue }
    if (c == quote) {
      if (quote == "'" && substr(text, i + 1, 1) == "'") { i++; continue }
      return 1
    }
  }
  return 0
}

function balanced(text,    i, c, level, quote) {
  level = 0
  quote = ""
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (quote != "") {
      if (quote == "\"" && c == "\\") i++
      else if (c == quote) quote = ""
    } else if (c == "\"" || c == "'") quote = c
    else if (c == "[" || c == "{") level++
    else if (c == "]" || c == "}") { if (--level == 0) return 1 }
  }
  return 0
}

function blanks() { while (substr(flow, at, 1) ~ /[ \t]/ && at <= length(flow)) at++ }

# Reads a quoted text at the cursor of the flow.
function quoted(    quote, text, c, n) {
  quote = substr(flow, at++, 1)
  text = ""
  while (at <= length(flow)) {
    c = substr(flow, at++, 1)
    if (c == quote) {
      if (quote == "'" && substr(flow, at, 1) == "'") { text = text "'"; at++; continue }
      break
    }
    if (quote == "\"" && c == "\\") {
      n = substr(flow, at++, 1)
      if (n == "n") c = "\n"
      else if (n == "t") c = "\t"
      else if (n == "u") { c = sprintf("%c", hex(substr(flow, at, 4))); at += 4 }
      else c = n
    }
    text = text c
  }
  return text
}

function hex(digits,    i, number) {
  number = 0
  for (i = 1; i <= length(digits); i++) number = number * 16 + index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
  return number
}

function flow_node(path,    c, count, key, text) {
  blanks()
  c = substr(flow, at, 1)
  if (c == "[") {
    at++
    count = 0
    for (;;) {
      blanks()
      c = substr(flow, at, 1)
      if (c == "]" || c == "") { at++; return }
      if (c == ",") { at++; continue }
      flow_node(join_path(path, count++))
    }
  }
  if (c == "{") {
    at++
    for (;;) {
      blanks()
      c = substr(flow, at, 1)
      if (c == "}" || c == "") { at++; return }
      if (c == ",") { at++; continue }
      if (c == "\"" || c == "'") key = quoted()
      else {
        match(substr(flow, at), /^[^:,}]*/)
        key = substr(flow, at, RLENGTH)
        at += RLENGTH
        sub(/[ \t]+$/, "", key)
      }
      blanks()
      if (substr(flow, at, 1) == ":") { at++; flow_node(join_path(path, key)) }
      else emit(join_path(path, key), "")
    }
  }
  if (c == "\"" || c == "'") { emit(path, quoted()); return }
  match(substr(flow, at), /^[^],}]*/)
  text = substr(flow, at, RLENGTH)
  at += RLENGTH
  sub(/[ \t]+$/, "", text)
  if (text == "null" || text == "~") text = ""
  emit(path, text)
}
