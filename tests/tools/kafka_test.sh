#!/usr/bin/env bash
# tools/kafka and tools/certificates against the real thing: who is let in, who
# is not, what is left after kill -9, and three brokers of which one dies. Ends 0
# when all of it holds.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
# With a port, this is what `tools/kafka run` runs below, among three brokers.
if (($#)); then data=$VIGIL_KAFKA_DATA; else data=$(mktemp -d); fi
end() {
  "$root/tools/kafka" stop --data "$data" --kill >/dev/null 2>&1 || true
  rm -rf "$data"
}
(($#)) || trap end EXIT

fail() {
  echo "FAILED: $1" >&2
  exit 1
}

# kcat over TLS, without a certificate, and with that of a given name.
anonymous() {
  kcat -b "$VIGIL_KAFKA_BROKERS" -m 5 -X security.protocol=ssl \
    -X ssl.ca.location="$VIGIL_KAFKA_CA" "$@"
}

as() {
  local name=$1
  shift
  anonymous -X ssl.certificate.location="$VIGIL_KAFKA_CERTIFICATES/$name.crt" \
    -X ssl.key.location="$VIGIL_KAFKA_CERTIFICATES/$name.key" "$@"
}

refused() {
  local why=$1 output
  shift
  output=$("$@" 2>&1) || true
  [[ $output == *"$why"* ]] ||
    fail "'$*' should have been refused with '$why' but said: $output"
}

produce() {
  echo "$3" | as "$1" -P -t "$2" -X enable.idempotence=true \
    -X message.timeout.ms=30000
}

read_all() {
  as "$1" -C -t "$2" -o beginning -e -q
}

start() {
  local settings
  settings=$("$root/tools/kafka" start --data "$data")
  eval "$settings"
}

admin() {
  "$root/tools/kafka" admin --data "$data" "$@" >/dev/null
}

let_police_write() {
  admin acls --add --allow-principal User:police --operation Write \
    --operation Describe --topic vigil.police. --resource-pattern-type prefixed
}

# The first of so many ports in a row where nobody listens.
free_ports() {
  local first port
  while true; do
    first=$((20000 + RANDOM % 10000))
    for ((port = first; port < first + $1; ++port)); do
      if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue 2; fi
    done
    echo "$first"
    return
  done
}

one_of_three_dies() {
  local port=$1
  [[ $VIGIL_KAFKA_BROKERS == \
    127.0.0.1:$port,127.0.0.1:$((port + 1)),127.0.0.1:$((port + 2)) ]] ||
    fail "--port $port, but brokers at $VIGIL_KAFKA_BROKERS"
  admin topics --create --topic vigil.police.events.v1 --partitions 1
  let_police_write
  produce police vigil.police.events.v1 three
  "$root/tools/kafka" stop --data "$data" --node 2 --kill
  local code=0 said
  said=$("$root/tools/kafka" status --data "$data") || code=$?
  [[ $code == 3 && $said == *'node 2 '*'not running'* ]] ||
    fail "one of three is gone, and status says: $said"
  produce police vigil.police.events.v1 two
  [[ $(read_all operator vigil.police.events.v1) == $'three\ntwo' ]] ||
    fail 'with one of three gone, what was acknowledged is not there'
}

if (($#)); then
  one_of_three_dies "$1"
  exit 7 # a code that only this can have said
fi

start
admin topics --create --topic vigil.police.events.v1 --partitions 1
admin topics --create --topic vigil.health.events.v1 --partitions 1
let_police_write
"$root/tools/certificates" "$VIGIL_KAFKA_CERTIFICATES" --system stranger
"$root/tools/certificates" "$VIGIL_KAFKA_CERTIFICATES" --ca other

produce police vigil.police.events.v1 before
[[ $(read_all operator vigil.police.events.v1) == before ]] ||
  fail "the operator cannot read what police wrote"
refused 'Topic authorization failed' produce police vigil.health.events.v1 no
refused 'authorization failed' read_all police vigil.police.events.v1
refused 'authorization failed' read_all stranger vigil.police.events.v1
refused 'Unknown topic' read_all operator vigil.police.event.v1
refused 'SSL alert' as other/operator -L
refused 'SSL alert' anonymous -L

brokers=$VIGIL_KAFKA_BROKERS
"$root/tools/kafka" stop --data "$data" --kill
[[ $("$root/tools/kafka" status --data "$data") == *'not running'* ]] ||
  fail 'killed, and yet it runs'
start
[[ $VIGIL_KAFKA_BROKERS == "$brokers" ]] || fail 'restarted on other ports'
produce police vigil.police.events.v1 after
[[ $(read_all operator vigil.police.events.v1) == $'before\nafter' ]] ||
  fail 'what was acknowledged before kill -9 is not there, in order, after it'

[[ $("$root/tools/certificates" "$VIGIL_KAFKA_CERTIFICATES") == *' 0 made'* ]] ||
  fail 'certificates were made again that were there'
! "$root/tools/certificates" "$data" --system broker 2>/dev/null ||
  fail "a system was given the broker's name"

"$root/tools/kafka" stop --data "$data" --kill
three=$data/three
port=$(free_ports 6)
code=0
"$root/tools/kafka" run --brokers 3 --port "$port" --data "$three" -- \
  "$0" "$port" || code=$?
[[ $code == 7 ]] || fail "what ran within three brokers ended with $code"
code=0
"$root/tools/kafka" status --data "$three" | grep -v 'not running' || code=$?
[[ $code == 1 ]] || fail 'run has ended, and its brokers have not'
echo 'all held'
