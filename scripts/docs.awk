# What Doxygen reads of a file (INPUT_FILTER); each line stays in its place, so that warnings name the right one.
# Headers: `namespace detail` is left out, the lines `/// Shape:  …` of a doc block become a list, and letters that
# Doxygen would take for HTML are escaped. Pages: headings get the anchors by which links know them, each with its page's name in front.

function escaped(text,   part, n, i, out) { # but for what stands between backticks
  n = split(text, part, "`")
  for (i = 1; i <= n; ++i) {
    if (i % 2) gsub(/[\\<>]/, "\\\\&", part[i])
    out = out (i > 1 ? "`" : "") part[i]
  }
  return out
}

function page(file) {
  sub(/\.md$/, "", file)
  gsub(/[^A-Za-z0-9]+/, "-", file)
  return "page-" tolower(file)
}

function anchor(heading) { # as the web page of a repository makes it
  heading = tolower(heading)
  gsub(/[^a-z0-9 _-]/, "", heading)
  gsub(/ /, "-", heading)
  return heading
}

function resolved(link) { # from the root of the tree
  link = folder link
  while (sub(/[^\/]+\/\.\.\//, "", link));
  return link
}

# Links to pages and headings as references, which Doxygen checks; of a link to any other file only the text.
function linked(line,   out, link, part, to, picture) {
  while (match(line, /\[[^][]*\]\([^():]+\)/)) {
    link = substr(line, RSTART, RLENGTH)
    out = out substr(line, 1, RSTART - 1)
    picture = substr(line, RSTART - 1, 1) == "!"
    line = substr(line, RSTART + RLENGTH)
    to = link
    sub(/^.*\]\(/, "", to)
    sub(/\)$/, "", to)
    sub(/\([^()]*\)$/, "", link)
    split(to, part, "#")
    if (picture)
      out = out link "(" to ")"
    else if (part[1] == "" || part[1] ~ /\.md$/)
      out = out link "(@ref " page(part[1] == "" ? file : resolved(part[1])) (part[2] == "" ? "" : "-" part[2]) ")"
    else
      out = out substr(link, 2, length(link) - 2)
  }
  return out line
}

FNR == 1 {
  is_page = FILENAME ~ /\.md$/
  file = FILENAME
  sub(ENVIRON["PWD"] "/", "", file)
  folder = file
  sub(/[^\/]*$/, "", folder)
}

is_page {
  if (/^ *```/) fenced = !fenced
  if (fenced || /^ *```/) { print; next }
  if (/^# /) { print $0 " {#" page(file) "}"; next }
  if (/^#+ /) {
    heading = $0
    sub(/^#+ /, "", heading)
    id = page(file) "-" anchor(heading)
    print $0 " {#" id (times[id]++ ? "-" times[id] - 1 : "") "}"
    next
  }
  print linked($0)
  next
}

/^namespace detail \{/ { hidden = 1 }
hidden { print ""; hidden = !/^\} \/\/ namespace detail/; next }

match($0, /\/\/\/</) {
  print substr($0, 1, RSTART + 3) escaped(substr($0, RSTART + 4))
  next
}

!/^ *\/\/\// { print; key = code = 0; blank = 1; next }

{
  match($0, /^ *\/\/\/ ?/)
  indent = substr($0, 1, RLENGTH)
  text = substr($0, RLENGTH + 1)
}
text ~ /^```/ { fence = !fence }
text == "" { print; key = code = 0; blank = 1; next }
fence || text ~ /^```/ || (text ~ /^    / && (code || blank)) { print; code = 1; blank = 0; next }
match(text, /^[A-Z][a-z]+: +/) && RLENGTH == 8 || (key || blank) && match(text, /^[a-z_]+(\([a-z]\)|, [a-z_]+)?: +/) {
  name = substr(text, 1, RLENGTH)
  sub(/: +$/, "", name)
  print indent "- **" name "**: " escaped(substr(text, RLENGTH + 1))
  key = 1
  blank = 0
  next
}
{
  if (key) sub(/^ +/, "  ", text)
  print indent escaped(text)
  blank = 0
}
