#!/usr/bin/env bash
# tools/kafka and tools/certificates against the real thing: who is let in, who
# is not, and what is left after kill -9. Ends 0 when all of it holds.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
data=$(mktemp -d)
end() {
  "$root/tools/kafka" stop --data "$data" --kill >/dev/null 2>&1 || true
  rm -rf "$data"
}
trap end EXIT

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

start
admin topics --create --topic vigil.police.events.v1 --partitions 1
admin topics --create --topic vigil.health.events.v1 --partitions 1
admin acls --add --allow-principal User:police --operation Write \
  --operation Describe --topic vigil.police. --resource-pattern-type prefixed
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
echo 'all held'
