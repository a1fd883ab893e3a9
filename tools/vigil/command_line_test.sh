#!/bin/sh
# The binary's own behaviour: help, exit codes, files. Usage: $0 VIGIL
set -u
vigil=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

# expect CODE ARGUMENT...: the exit code of one command.
expect() {
  wanted=$1
  shift
  "$vigil" "$@" >"$folder/out" 2>"$folder/err" </dev/null
  code=$?
  if [ "$code" != "$wanted" ]; then
    echo "vigil $*: exit code $code, not $wanted"
    cat "$folder/out" "$folder/err"
    failed=1
  fi
}
said() {
  grep -q -- "$1" "$folder/out" "$folder/err" ||
    { echo "nowhere: $1"; cat "$folder/out" "$folder/err"; failed=1; }
}

for name in $(env | sed -n 's/^\(VIGIL_[A-Z_]*\)=.*/\1/p'); do
  unset "$name"
done

expect 0 --help
said 'Exit codes:'
for command in publish find chronology entry replay status relay rebuild \
    topics 'topics apply' 'topics check' settings 'settings apply' terms \
    generate; do
  # shellcheck disable=SC2086  # two words
  expect 0 $command --help
  said 'xample'
done
expect 0 --version

expect 2
expect 2 unheard-of
expect 2 find --name x
said '--person-id is required'
asking='--person-id 1 --person-name n --function f'
# shellcheck disable=SC2086
{
  expect 2 find --name x $asking --purpose curiosity
  said 'safeguarding-enquiry'
  expect 2 find $asking --purpose audit --address 127.0.0.1:1
  expect 2 find --name x $asking --purpose audit
  said 'where is the chronology service'
  expect 2 chronology $asking --purpose audit --address 127.0.0.1:1
  said 'whose chronology'
  # Before the question, which would be recorded.
  for page in "$folder/missing/page" "$folder"; do
    expect 2 chronology s1.x $asking --purpose audit --address 127.0.0.1:1 \
      --html "$page"
    said "$page"
  done
  # Nobody listens on port 1.
  expect 5 find --name x $asking --purpose audit --address 127.0.0.1:1 \
    --timeout 0.3
  # History may take long: no limit of seconds.
  expect 2 replay topic $asking --purpose audit --address 127.0.0.1:1 \
    --timeout 1
  expect 5 replay topic $asking --purpose audit --address 127.0.0.1:1 \
    --hours 0.0001
  expect 2 replay topic $asking --purpose audit --address 127.0.0.1:1 \
    --from topic/2000000000/5
  said 'at most'
  expect 2 replay topic $asking --purpose audit --address 127.0.0.1:1 \
    --from other/0/5
  said 'no position in topic'
  # An unset variable must not make another question of it.
  for option in --as-of --at-least --from --until --html; do
    expect 2 chronology s1.x $asking --purpose audit --address 127.0.0.1:1 \
      $option ''
    said 'is empty'
  done
  # A file that is not here is no child that was not found.
  for missing in "--at-least $folder/missing" "--ca $folder/missing" \
      "--addresses $folder/missing"; do
    expect 2 find --name x $asking --purpose audit --address 127.0.0.1:1 \
      $missing
    said "$folder/missing"
  done
  # What stands where a receipt's events should, and is none.
  for receipt in '' '[]' '{}' '{"receipt":7}' '{"receipt":{"events":[7]}}' \
      '{"receipt":{"events":{"eventId":"x"}}}' \
      '{"receipt":{"events":[{"eventId":7}]}}' \
      '{"receipt":{"events":[{"position":"x"}]}}' \
      '{"receipt":{"events":[{"position":{"topic":7,"offset":"x"}}]}}'; do
    printf '{"receipt":{}}\n%s\n' "$receipt" >"$folder/receipts"
    expect 2 find --name x $asking --purpose audit --address 127.0.0.1:1 \
      --at-least "$folder/receipts"
    said 'receipts:2: is no receipt'
  done
}
expect 2 publish fire-brigade
expect 2 publish police "$folder/missing" --address 127.0.0.1:1
echo '{"concernRaised":{"colour":"Quillmere"},"homeVisited":{}}' >"$folder/bad.jsonl"
expect 1 publish police "$folder/bad.jsonl" --address 127.0.0.1:1 \
  --refused "$folder/refused"
said 'line 1: concern_raised.colour: there is no such field'
said 'home_visited: only one of act can be set'
cmp -s "$folder/bad.jsonl" "$folder/refused" || { echo 'refused differs'; failed=1; }

# What is written never takes the place of what is read.
cp "$folder/bad.jsonl" "$folder/kept.jsonl"
ln "$folder/bad.jsonl" "$folder/other-name"
for sinks in "--refused $folder/bad.jsonl" "--receipts $folder/other-name" \
    "--refused $folder/new --receipts $folder/./new"; do
  # shellcheck disable=SC2086  # two words
  expect 2 publish police "$folder/bad.jsonl" --address 127.0.0.1:1 $sinks
  cmp -s "$folder/bad.jsonl" "$folder/kept.jsonl" ||
    { echo "$sinks: the requests are gone"; failed=1; }
done
# By the standard input too: "other-name" is the same file.
if "$vigil" publish police - --address 127.0.0.1:1 \
  --refused "$folder/other-name" <"$folder/bad.jsonl" 2>/dev/null ||
  ! cmp -s "$folder/bad.jsonl" "$folder/kept.jsonl"; then
  echo 'the standard input is not safe from its own refused lines'
  failed=1
fi
# A full disk is told, though the line was refused as it should.
expect 5 publish police "$folder/bad.jsonl" --address 127.0.0.1:1 \
  --refused /dev/full
said 'not whole'
expect 2 publish police "$folder/bad.jsonl" --address 127.0.0.1:1 \
  --refused "$folder/missing/refused"
said 'cannot be written'
expect 2 publish police "$folder" --address 127.0.0.1:1
said 'a folder'

echo '{"concernRaised":{}}' >"$folder/good.jsonl"
for how in '' --batch; do
  # shellcheck disable=SC2086  # nothing or a word
  expect 5 publish partner "$folder/good.jsonl" --address 127.0.0.1:1 \
    --timeout 0.3 $how
  said 'in doubt 1'
done
expect 1 status --address 127.0.0.1:1 --timeout 0.3
# An output that is not whole is told; a reader who had enough is not.
for command in --version "status --address 127.0.0.1:1 --timeout 0.3"; do
  # shellcheck disable=SC2086  # words
  "$vigil" $command >/dev/full 2>"$folder/err"
  [ $? = 5 ] || { echo "$command: a full disk is not told"; failed=1; }
  : >"$folder/out"
  said 'not whole'
done
(trap '' PIPE
 "$vigil" status --address 127.0.0.1:1 --timeout 0.3 2>"$folder/err"
 echo $? >"$folder/code") | true
if [ "$(cat "$folder/code")" != 1 ] || [ -s "$folder/err" ]; then
  echo 'a closed pipe is no fault'
  cat "$folder/err"
  failed=1
fi
expect 2 terms --address 127.0.0.1:1 --as-of ''
expect 5 terms --address 127.0.0.1:1 --timeout 0.3
expect 2 settings apply "$folder/missing" --address 127.0.0.1:1
printf 'hub {\n  scheme: "la"\n  colour: 1\n}\n' >"$folder/settings"
expect 2 settings apply "$folder/settings" --address 127.0.0.1:1
said 'settings:3: '
cat >"$folder/settings" <<'TEXT'
hub { scheme: "local" code: "NORTHSHIRE-HUB" }
author { role: "hub coordinator" }
settled { date: "2026-01-05" }
TEXT
expect 2 settings apply "$folder/settings" --address 127.0.0.1:1
said 'nothing is settled'
echo 'settings_stated { settings { name: "x" value: "1" } }' \
  >>"$folder/settings"
expect 5 settings apply "$folder/settings" --address 127.0.0.1:1 --timeout 0.3
said 'settings_stated\[0\]'

expect 2 topics check --topics "$folder/missing" --bootstrap 127.0.0.1:1

expect 2 generate --out "$folder/a" --from 2024-02-30
expect 2 generate --out "$folder/a" --from 2024-02-03 --to 2024-02-03
for out in a b; do
  expect 0 generate --out "$folder/$out" --families 5 --events 200 --seed 3
done
diff -r "$folder/a" "$folder/b" || failed=1
[ "$(cat "$folder"/a/*.jsonl | wc -l)" = 200 ] || { echo 'not 200 lines'; failed=1; }

exit $failed
