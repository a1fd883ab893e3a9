// Agrees with Vigil's vectors of digests, as a client in Go would.
//
//	go run . DESCRIPTOR_SET VECTORS_FOLDER
//
// The canonical encoding is walked here by field number, as libs/event/digest.h
// says it, and not left to the library's deterministic mode.
package main

import (
	"crypto/sha256"
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

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	log.SetFlags(0)
	bytes, err := os.ReadFile(os.Args[1])
	check(err)
	set := &descriptorpb.FileDescriptorSet{}
	check(proto.Unmarshal(bytes, set))
	files, err := protodesc.NewFiles(set)
	check(err)

	bytes, err = os.ReadFile(filepath.Join(os.Args[2], "digests.json"))
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
	check(json.Unmarshal(bytes, &vectors))
	wrong := 0
	for _, vector := range vectors.Digests {
		found, err := files.FindDescriptorByName(protoreflect.FullName(vector.Message))
		check(err)
		var message protoreflect.Message = dynamicpb.NewMessage(found.(protoreflect.MessageDescriptor))
		check(protojson.Unmarshal(vector.Request, message.Interface()))
		if vector.Inner != "" {
			message = message.Get(message.Descriptor().Fields().ByJSONName(vector.Inner)).Message()
		}
		if actual := digest(message); actual != vector.Digest {
			fmt.Printf("%s: %s\n", vector.Name, actual)
			wrong++
		}
	}
	fmt.Printf("%d vectors, %d wrong\n", len(vectors.Digests), wrong)
	if wrong > 0 || len(vectors.Digests) < 15 {
		os.Exit(1)
	}
}
