// Says every example to Vigil, as a client in Go would.
//
//	client DESCRIPTOR_SET WIRE_FOLDER ADDRESS
//
// With what protoc-gen-go makes of the .proto files, and nothing else of Vigil. All
// writers' services have the same methods and messages, so that one call serves for
// all: which service a writer has is in the descriptors of the .proto files. Each good
// example is answered by the receipt that golden/ holds, and each one in refused/ by its
// violations.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	errdetails "vigil/proto/google/rpc"
	commonv1 "vigil/proto/vigil/common/v1"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	check(err)
	return data
}

func parsed[M proto.Message](data []byte, message M) M {
	check(protojson.Unmarshal(data, message))
	return message
}

// Where each writer takes a statement: "police" -> "/vigil.police.v1.PoliceService/Submit".
func submitMethods(descriptors string) map[string]string {
	var files descriptorpb.FileDescriptorSet
	check(proto.Unmarshal(read(descriptors), &files))
	methods := map[string]string{}
	for _, file := range files.File {
		for _, service := range file.Service {
			for _, method := range service.Method {
				if method.GetName() == "Submit" && method.GetInputType() == ".vigil.common.v1.Statement" {
					writer := strings.Split(file.GetPackage(), ".")[1]
					methods[writer] = fmt.Sprintf("/%s.%s/Submit", file.GetPackage(), service.GetName())
				}
			}
		}
	}
	return methods
}

func main() {
	log.SetFlags(0)
	methods := submitMethods(os.Args[1])
	wire := os.Args[2]
	connection, err := grpc.Dial(os.Args[3], grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	checked := 0
	wrong := 0
	expect := func(name, expected, actual string) {
		checked++
		if expected != actual {
			wrong++
			fmt.Printf("%s: expected\n%s\nnot\n%s\n", name, expected, actual)
		}
	}
	submit := func(writer string, statement []byte) (*commonv1.Receipt, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		receipt := &commonv1.Receipt{}
		err := connection.Invoke(ctx, methods[writer], parsed(statement, &commonv1.Statement{}), receipt)
		return receipt, err
	}

	paths, err := filepath.Glob(filepath.Join(wire, "examples/*/*.json"))
	check(err)
	for _, path := range paths {
		name, err := filepath.Rel(filepath.Join(wire, "examples"), path)
		check(err)
		if strings.HasPrefix(name, "refused") {
			var refused struct {
				Writer     string
				Statement  json.RawMessage
				Violations []struct{ Field, Code string }
			}
			check(json.Unmarshal(read(path), &refused))
			expected := []string{codes.InvalidArgument.String()}
			for _, violation := range refused.Violations {
				expected = append(expected, violation.Field+" "+violation.Code)
			}
			_, err := submit(refused.Writer, refused.Statement)
			actual := []string{status.Code(err).String()}
			for _, detail := range status.Convert(err).Details() {
				if bad, ok := detail.(*errdetails.BadRequest); ok {
					for _, violation := range bad.FieldViolations {
						actual = append(actual, violation.Field+" "+violation.Reason)
					}
				}
			}
			sort.Strings(expected)
			sort.Strings(actual)
			expect(name, strings.Join(expected, "\n"), strings.Join(actual, "\n"))
			continue
		}
		var golden struct {
			Writer  string
			Receipt json.RawMessage
		}
		check(json.Unmarshal(read(filepath.Join(wire, "golden", name)), &golden))
		receipt, err := submit(golden.Writer, read(path))
		if err != nil {
			expect(name, "", err.Error())
			continue
		}
		for _, event := range receipt.Events {
			event.Position = nil // where it lies is this node's own affair
		}
		expected := parsed(golden.Receipt, &commonv1.Receipt{})
		if proto.Equal(expected, receipt) {
			checked++
		} else {
			expect(name, protojson.Format(expected), protojson.Format(receipt))
		}
	}
	fmt.Printf("%d answers, %d wrong\n", checked, wrong)
	if wrong > 0 || checked < 150 {
		os.Exit(1)
	}
}
