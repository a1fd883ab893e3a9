// Reads Vigil's records with the CloudEvents SDK, as a Kafka consumer in Go would.
//
//	cloudevents WIRE_FOLDER
//
// The SDK decides by a record's headers whether it is in structured or in binary
// mode.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/IBM/sarama"
	_ "github.com/cloudevents/sdk-go/binding/format/protobuf/v2" // the format
	"github.com/cloudevents/sdk-go/protocol/kafka_sarama/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
)

type record struct {
	Key     string
	Headers map[string]string
	Says    map[string]any
	Value   string
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func equal(what string, expected, actual any) {
	if fmt.Sprint(expected) != fmt.Sprint(actual) {
		log.Fatalf("%s: expected %v, not %v", what, expected, actual)
	}
}

func read(r record) {
	value, err := base64.StdEncoding.DecodeString(r.Value)
	check(err)
	consumed := &sarama.ConsumerMessage{Key: []byte(r.Key), Value: value}
	for name, text := range r.Headers {
		consumed.Headers = append(consumed.Headers,
			&sarama.RecordHeader{Key: []byte(name), Value: []byte(text)})
	}
	message := kafka_sarama.NewMessageFromConsumerMessage(consumed)
	equal("mode", binding.EncodingStructured, message.ReadEncoding())
	event, err := binding.ToEvent(context.Background(), message)
	check(err)
	check(event.Validate())
	equal("id", r.Says["id"], event.ID())
	equal("source", r.Says["source"], event.Source())
	equal("specversion", "1.0", event.SpecVersion())
	equal("type", r.Says["type"], event.Type())
	equal("subject", r.Says["subject"], event.Subject())
	equal("time", r.Says["time"], event.Time().UTC().Format("2006-01-02T15:04:05.000Z"))
	equal("datacontenttype", "application/protobuf", event.DataContentType())
	equal("dataschema", "proto:vigil.event.v1.Sections", event.DataSchema())
	extensions := event.Extensions()
	equal("partitionkey", r.Says["partitionkey"], extensions["partitionkey"])
	if r.Says["requestkey"] != "" {
		for _, name := range []string{
			"requestkey", "requestdigest", "requestindex", "requestcount"} {
			equal(name, r.Says[name], extensions[name])
		}
	}
	// Sections: field 1 of the data.
	if data := event.Data(); len(data) == 0 || data[0] != 1<<3|2 {
		log.Fatalf("%s: the data are not its sections", event.ID())
	}
}

func main() {
	log.SetFlags(0)
	paths, err := filepath.Glob(filepath.Join(os.Args[1], "golden/*/*.json"))
	check(err)
	count := 0
	for _, path := range paths {
		data, err := os.ReadFile(path)
		check(err)
		var golden struct{ Records []record }
		check(json.Unmarshal(data, &golden))
		for _, r := range golden.Records {
			read(r)
			count++
		}
	}
	fmt.Printf("%d records are CloudEvents in structured mode\n", count)
	if count < 150 {
		os.Exit(1)
	}
}
