// Agrees with Vigil's vectors, as a client in Go would.
//
//	vectors DESCRIPTOR_SET WIRE_FOLDER
//
// The canonical encoding is walked here by field number, as libs/event/digest.h
// says it, and not left to the library's deterministic mode.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"sort"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// appendNumber writes a number, bool or enum; its wire type, or false for what
// is none of these.
func appendNumber(to []byte, kind protoreflect.Kind, value protoreflect.Value) ([]byte, protowire.Type, bool) {
	switch kind {
	case protoreflect.BoolKind:
		return protowire.AppendVarint(to, protowire.EncodeBool(value.Bool())), protowire.VarintType, true
	case protoreflect.EnumKind:
		return protowire.AppendVarint(to, uint64(int64(value.Enum()))), protowire.VarintType, true
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		return protowire.AppendVarint(to, uint64(value.Int())), protowire.VarintType, true
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind:
		return protowire.AppendVarint(to, value.Uint()), protowire.VarintType, true
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return protowire.AppendVarint(to, protowire.EncodeZigZag(value.Int())), protowire.VarintType, true
	case protoreflect.Fixed32Kind:
		return protowire.AppendFixed32(to, uint32(value.Uint())), protowire.Fixed32Type, true
	case protoreflect.Sfixed32Kind:
		return protowire.AppendFixed32(to, uint32(value.Int())), protowire.Fixed32Type, true
	case protoreflect.Fixed64Kind:
		return protowire.AppendFixed64(to, value.Uint()), protowire.Fixed64Type, true
	case protoreflect.Sfixed64Kind:
		return protowire.AppendFixed64(to, uint64(value.Int())), protowire.Fixed64Type, true
	}
	return to, 0, false
}

func appendOne(to []byte, field protoreflect.FieldDescriptor, value protoreflect.Value) []byte {
	if number, wireType, ok := appendNumber(nil, field.Kind(), value); ok {
		return append(protowire.AppendTag(to, field.Number(), wireType), number...)
	}
	to = protowire.AppendTag(to, field.Number(), protowire.BytesType)
	switch field.Kind() {
	case protoreflect.MessageKind:
		return protowire.AppendBytes(to, canonical(value.Message()))
	case protoreflect.StringKind:
		return protowire.AppendString(to, value.String())
	case protoreflect.BytesKind:
		return protowire.AppendBytes(to, value.Bytes())
	}
	log.Fatalf("%s has no canonical encoding", field.FullName())
	return nil
}

func canonical(message protoreflect.Message) []byte {
	out := []byte{}
	for _, field := range inOrder(message) {
		// Has: set, if the field has presence; otherwise not its default.
		if !message.Has(field) {
			continue
		}
		value := message.Get(field)
		if !field.IsList() {
			out = appendOne(out, field, value)
			continue
		}
		list := value.List()
		var packed []byte
		isNumber := false
		for i := 0; i < list.Len(); i++ {
			if packed, _, isNumber = appendNumber(packed, field.Kind(), list.Get(i)); !isNumber {
				out = appendOne(out, field, list.Get(i))
			}
		}
		if isNumber {
			out = protowire.AppendTag(out, field.Number(), protowire.BytesType)
			out = protowire.AppendBytes(out, packed)
		}
	}
	return out
}

func inOrder(message protoreflect.Message) []protoreflect.FieldDescriptor {
	all := message.Descriptor().Fields()
	fields := make([]protoreflect.FieldDescriptor, all.Len())
	for i := range fields {
		fields[i] = all.Get(i)
	}
	sort.Slice(fields, func(i, j int) bool { return fields[i].Number() < fields[j].Number() })
	return fields
}

func digest(message protoreflect.Message) string {
	hash := sha256.New()
	hash.Write([]byte(message.Descriptor().FullName()))
	hash.Write([]byte{0})
	hash.Write(canonical(message))
	return hex.EncodeToString(hash.Sum(nil))
}

// part is one of a statement: its field's number, its place in a list, its digest.
type part struct {
	Field  int
	Index  int
	Digest string
}

func partsOf(statement protoreflect.Message) []part {
	parts := []part{}
	for _, field := range inOrder(statement) {
		if field.Name() == "validate_only" || !statement.Has(field) {
			continue
		}
		add := func(index int, message protoreflect.Message) {
			parts = append(parts, part{int(field.Number()), index, digest(message)})
		}
		if !field.IsList() {
			add(0, statement.Get(field).Message())
			continue
		}
		list := statement.Get(field).List()
		for i := 0; i < list.Len(); i++ {
			add(i, list.Get(i).Message())
		}
	}
	return parts
}

func requestDigest(parts []part) string {
	hash := sha256.New()
	for _, part := range parts {
		hash.Write(binary.BigEndian.AppendUint32(nil, uint32(part.Field)))
		hash.Write(unhex(part.Digest))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// Of Vigil's UUIDs.
const namespace = "0d7c9b4e6f1a4a579c2b5a3e8e1f7d60"

// join is what every name is derived from: of each text its length, in four
// bytes, and its bytes.
func join(texts ...string) []byte {
	var out []byte
	for _, text := range texts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(text)))
		out = append(out, text...)
	}
	return out
}

func uuid5(name []byte) string {
	hash := sha1.New()
	hash.Write(unhex(namespace))
	hash.Write(name)
	id := hash.Sum(nil)[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

func mac(secret []byte, texts ...string) string {
	hash := hmac.New(sha256.New, secret)
	hash.Write(join(texts...))
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil))
}

// checkOf is what a subject reference ends with: of the text before it.
func checkOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:3])
}

var reference = regexp.MustCompile(
	`^s1\.[phn]\.[0-9a-f]{8}\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{4}$`)

func isReference(text string) bool {
	return reference.MatchString(text) &&
		checkOf(text[:len(text)-5]) == text[len(text)-4:]
}

func unhex(text string) []byte {
	data, err := hex.DecodeString(text)
	check(err)
	return data
}

// names computes what libs/event/reference.h derives, and calls expect with it.
func names(file []byte, expect func(vector map[string]any, field string, actual any)) {
	decoder := json.NewDecoder(bytes.NewReader(file))
	decoder.UseNumber() // ordinals as they are written
	var ids map[string]any
	check(decoder.Decode(&ids))
	text := func(v map[string]any, fields ...string) []string {
		texts := make([]string, len(fields))
		for i, field := range fields {
			texts[i] = fmt.Sprint(v[field])
		}
		return texts
	}
	each := func(list string, compute func(v map[string]any)) {
		for _, vector := range ids[list].([]any) {
			compute(vector.(map[string]any))
		}
	}
	key := ids["naming_key"].(map[string]any)
	id := fmt.Sprint(key["id"])
	secret := unhex(fmt.Sprint(key["secret"]))
	macOf := func(use string, texts ...string) string {
		return mac(secret, append([]string{use}, texts...)...)
	}
	subject := func(v map[string]any, letter, use string, fields ...string) {
		named := fmt.Sprintf("s1.%s.%s.%s", letter, id, macOf(use, text(v, fields...)...))
		expect(v, "subject", named+"."+checkOf(named))
	}

	expect(key, "check", macOf("vigil naming key check", id))
	each("organisations", func(v map[string]any) {
		organisation := fmt.Sprintf("%s:%s", v["scheme"], v["code"])
		expect(v, "text", organisation)
		expect(v, "source", fmt.Sprintf("//vigil/%s/%s", v["writer"], organisation))
	})
	each("event_ids", func(v map[string]any) {
		expect(v, "event_id", uuid5(join(
			text(v, "source", "system", "request_id", "subject", "type", "ordinal")...)))
	})
	each("conversation_refs", func(v map[string]any) {
		expect(v, "conversation_ref", uuid5(join(append([]string{"conversation"},
			text(v, "source", "system", "request_id")...)...)))
	})
	each("subjects", func(v map[string]any) {
		kind := fmt.Sprint(v["kind"])
		subject(v, kind[:1], kind, "organisation", "system", "local_id")
	})
	each("numbered", func(v map[string]any) {
		subject(v, "n", fmt.Sprint(v["kind"])+" in a record",
			"organisation", "record_system", "record_id", "number")
	})
	each("references", func(v map[string]any) {
		expect(v, "valid", isReference(fmt.Sprint(v["text"])))
	})
	each("requests", func(v map[string]any) {
		expect(v, "request_key", macOf("request", text(v, "source", "system", "request_id")...))
		expect(v, "request_digest", macOf("digest", string(unhex(fmt.Sprint(v["digest"])))))
	})
	each("records", func(v map[string]any) {
		expect(v, "record", macOf("record", text(v, "organisation", "system", "id")...))
	})
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// vector is one of vectors/digests.json, or of golden/.
type vector struct {
	Name      string
	Message   string
	Value     json.RawMessage
	Statement json.RawMessage
	Parts     []part
	Digest    string
}

func read(path string, into any) {
	data, err := os.ReadFile(path)
	check(err)
	check(json.Unmarshal(data, into))
}

func main() {
	log.SetFlags(0)
	data, err := os.ReadFile(os.Args[1])
	check(err)
	set := &descriptorpb.FileDescriptorSet{}
	check(proto.Unmarshal(data, set))
	files, err := protodesc.NewFiles(set)
	check(err)
	parsed := func(name string, value []byte) protoreflect.Message {
		found, err := files.FindDescriptorByName(protoreflect.FullName(name))
		check(err)
		message := dynamicpb.NewMessage(found.(protoreflect.MessageDescriptor))
		check(protojson.Unmarshal(value, message))
		return message
	}
	checked := 0
	wrong := 0
	expect := func(name string, expected, actual any) {
		checked++
		if !reflect.DeepEqual(expected, actual) {
			fmt.Printf("%s: %v\n", name, actual)
			wrong++
		}
	}
	expectStatement := func(v vector, statement []byte) {
		parts := partsOf(parsed("vigil.common.v1.Statement", statement))
		expect(v.Name, v.Parts, parts)
		expect(v.Name, v.Digest, requestDigest(parts))
	}

	wire := os.Args[2]
	var vectors struct {
		Messages   []vector
		Statements []vector
	}
	read(filepath.Join(wire, "vectors/digests.json"), &vectors)
	for _, v := range vectors.Messages {
		expect(v.Name, v.Digest, digest(parsed(v.Message, v.Value)))
	}
	for _, v := range vectors.Statements {
		expectStatement(v, v.Statement)
	}
	golden, err := filepath.Glob(filepath.Join(wire, "golden/*/*.json"))
	check(err)
	for _, path := range golden {
		v := vector{}
		read(path, &v)
		v.Name, err = filepath.Rel(filepath.Join(wire, "golden"), path)
		check(err)
		example, err := os.ReadFile(filepath.Join(wire, "examples", v.Name))
		if err == nil && v.Digest != "" {
			expectStatement(v, example)
		}
	}

	data, err = os.ReadFile(filepath.Join(wire, "vectors/ids.json"))
	check(err)
	names(data, func(vector map[string]any, field string, actual any) {
		expect(field, vector[field], actual)
	})
	fmt.Printf("%d vectors, %d wrong\n", checked, wrong)
	if wrong > 0 || checked < 300 {
		os.Exit(1)
	}
}
