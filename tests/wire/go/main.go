// Agrees with Vigil's vectors, as a client in Go would.
//
//	go run . DESCRIPTOR_SET VECTORS_FOLDER
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
	all := message.Descriptor().Fields()
	fields := make([]protoreflect.FieldDescriptor, all.Len())
	for i := range fields {
		fields[i] = all.Get(i)
	}
	sort.Slice(fields, func(i, j int) bool { return fields[i].Number() < fields[j].Number() })
	out := []byte{}
	for _, field := range fields {
		// Has: set, if the field has presence; otherwise not its default.
		if field.Name() == "validate_only" || !message.Has(field) {
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

func digest(message protoreflect.Message) string {
	hash := sha256.New()
	hash.Write([]byte(message.Descriptor().FullName()))
	hash.Write([]byte{0})
	hash.Write(canonical(message))
	return hex.EncodeToString(hash.Sum(nil))
}

// Namespaces of Vigil's UUIDs.
const (
	eventNamespace        = "0d7c9b4e6f1a4a579c2b5a3e8e1f7d60"
	conversationNamespace = "b8c1f6a23e544d098a771c9d0e2b6f43"
)

// parts is what every name is derived from: of each text its length, in four
// bytes, and its bytes.
func parts(texts ...string) []byte {
	var out []byte
	for _, text := range texts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(text)))
		out = append(out, text...)
	}
	return out
}

func uuid5(namespace string, name []byte) string {
	hash := sha1.New()
	hash.Write(unhex(namespace))
	hash.Write(name)
	id := hash.Sum(nil)[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

func mac(secret, data []byte) string {
	hash := hmac.New(sha256.New, secret)
	hash.Write(data)
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil))
}

func unhex(text string) []byte {
	data, err := hex.DecodeString(text)
	check(err)
	return data
}

// names computes what libs/event/reference.h derives, and calls expect with it.
func names(file []byte, expect func(vector map[string]any, field, actual string)) {
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
	subject := func(v map[string]any, domain string, fields ...string) {
		named := append([]string{domain}, text(v, fields...)...)
		expect(v, "subject", fmt.Sprintf("s1.%s.%s.%s", v["kind"], id, mac(secret, parts(named...))))
	}

	expect(key, "check", mac(secret, parts("vigil naming key check", id)))
	each("organisations", func(v map[string]any) {
		organisation := fmt.Sprintf("%s:%s", v["scheme"], v["code"])
		expect(v, "text", organisation)
		expect(v, "source", fmt.Sprintf("//vigil/%s/%s", v["writer"], organisation))
	})
	each("event_ids", func(v map[string]any) {
		expect(v, "event_id", uuid5(eventNamespace, parts(
			text(v, "source", "system", "request_id", "subject", "type", "ordinal")...)))
	})
	each("conversation_refs", func(v map[string]any) {
		expect(v, "conversation_ref", uuid5(conversationNamespace, parts(text(v, "source", "system", "request_id")...)))
	})
	each("subjects", func(v map[string]any) {
		subject(v, "local id", "kind", "organisation", "system", "local_id")
	})
	each("persons_of_records", func(v map[string]any) {
		subject(v, "person of a record", "kind", "organisation", "record_system", "record_id", "person_number")
	})
	each("requests", func(v map[string]any) {
		expect(v, "request_key", mac(secret, parts(text(v, "source", "system", "request_id")...)))
		expect(v, "request_digest", mac(secret, unhex(fmt.Sprint(v["digest"]))))
	})
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	log.SetFlags(0)
	data, err := os.ReadFile(os.Args[1])
	check(err)
	set := &descriptorpb.FileDescriptorSet{}
	check(proto.Unmarshal(data, set))
	files, err := protodesc.NewFiles(set)
	check(err)

	data, err = os.ReadFile(filepath.Join(os.Args[2], "digests.json"))
	check(err)
	var vectors struct {
		Digests []struct {
			Name    string
			Message string
			Inner   string
			Request json.RawMessage
			Digest  string
		}
	}
	check(json.Unmarshal(data, &vectors))
	checked := 0
	wrong := 0
	expect := func(name, expected, actual string) {
		checked++
		if actual != expected {
			fmt.Printf("%s: %s\n", name, actual)
			wrong++
		}
	}
	for _, vector := range vectors.Digests {
		found, err := files.FindDescriptorByName(protoreflect.FullName(vector.Message))
		check(err)
		var message protoreflect.Message = dynamicpb.NewMessage(found.(protoreflect.MessageDescriptor))
		check(protojson.Unmarshal(vector.Request, message.Interface()))
		if vector.Inner != "" {
			message = message.Get(message.Descriptor().Fields().ByJSONName(vector.Inner)).Message()
		}
		expect(vector.Name, vector.Digest, digest(message))
	}

	data, err = os.ReadFile(filepath.Join(os.Args[2], "ids.json"))
	check(err)
	names(data, func(vector map[string]any, field, actual string) {
		expect(field, fmt.Sprint(vector[field]), actual)
	})
	fmt.Printf("%d vectors, %d wrong\n", checked, wrong)
	if wrong > 0 || checked < 40 {
		os.Exit(1)
	}
}
